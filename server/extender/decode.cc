// SPDX-License-Identifier: Apache-2.0
#include <optional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "nlohmann/json.hpp"
#include "server/extender/codec.h"
#include "server/objects/objects.h"
#include "simdjson.h"

namespace muster {
namespace {

using simdjson::dom::element;
using simdjson::dom::element_type;

// Kubernetes objects are not nearly as deep; recursion below ends here.
constexpr int kMaxDepth = 64;

// Above this a parser is dropped after use: it keeps about ten times as much
// memory as the longest body that it has read.
constexpr size_t kKeptCapacity = 2 << 20;
constexpr size_t kKeptParsers = 4;

absl::Status Wrong(absl::string_view field, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(field, ": ", what));
}

absl::string_view KindOf(const element& value) {
  switch (value.type()) {
    case element_type::ARRAY:
      return "an array";
    case element_type::OBJECT:
      return "an object";
    case element_type::STRING:
      return "a string";
    case element_type::BOOL:
      return "a boolean";
    case element_type::NULL_VALUE:
      return "null";
    case element_type::INT64:
    case element_type::UINT64:
    case element_type::DOUBLE:
      return "a number";
  }
  return "nothing";
}

absl::Status WantedButGot(absl::string_view field, absl::string_view wanted, const element& got) {
  return Wrong(field, absl::StrCat("want ", wanted, ", got ", KindOf(got)));
}

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

// The values of the fields of an object; null where absent. Of a field that is
// there twice the last counts, as in Go.
class Object {
 public:
  static absl::StatusOr<Object> From(const element& value, absl::string_view field) {
    simdjson::dom::object object;
    if (value.get(object) != simdjson::SUCCESS) return WantedButGot(field, "an object", value);
    return Object(object);
  }

  std::optional<element> Find(std::string_view name) const {
    std::optional<element> found;
    for (const auto& [key, value] : object_) {
      if (key == name) found = value;
    }
    if (found.has_value() && found->is_null()) return std::nullopt;
    return found;
  }

  const simdjson::dom::object& fields() const { return object_; }

 private:
  explicit Object(simdjson::dom::object object) : object_(object) {}
  simdjson::dom::object object_;
};

absl::StatusOr<nlohmann::json> ToJson(const element& value, int depth);

absl::StatusOr<nlohmann::json> ToJson(const simdjson::dom::object& object, int depth) {
  nlohmann::json::object_t fields;
  for (const auto& [key, value] : object) {
    absl::StatusOr<nlohmann::json> field = ToJson(value, depth + 1);
    if (!field.ok()) return field;
    fields.insert_or_assign(std::string(key), *std::move(field));
  }
  return nlohmann::json(std::move(fields));
}

absl::StatusOr<nlohmann::json> ToJson(const simdjson::dom::array& array, int depth) {
  nlohmann::json::array_t elements;
  for (const element& value : array) {
    absl::StatusOr<nlohmann::json> next = ToJson(value, depth + 1);
    if (!next.ok()) return next;
    elements.push_back(*std::move(next));
  }
  return nlohmann::json(std::move(elements));
}

// The same value as the decoder of objects takes it.
absl::StatusOr<nlohmann::json> ToJson(const element& value, int depth) {
  if (depth > kMaxDepth) return Wrong("Pod", absl::StrCat("nested deeper than ", kMaxDepth));
  switch (value.type()) {
    case element_type::ARRAY:
      return ToJson(value.get_array().value_unsafe(), depth);
    case element_type::OBJECT:
      return ToJson(value.get_object().value_unsafe(), depth);
    case element_type::STRING:
      return nlohmann::json(std::string(value.get_string().value_unsafe()));
    case element_type::BOOL:
      return nlohmann::json(value.get_bool().value_unsafe());
    case element_type::INT64:
      return nlohmann::json(value.get_int64().value_unsafe());
    case element_type::UINT64:
      return nlohmann::json(value.get_uint64().value_unsafe());
    case element_type::DOUBLE:
      return nlohmann::json(value.get_double().value_unsafe());
    case element_type::NULL_VALUE:
      break;
  }
  return nlohmann::json();
}

absl::StatusOr<Pod> ReadPod(const Object& root) {
  const std::optional<element> value = root.Find("Pod");
  if (!value.has_value()) return Wrong("Pod", "want an object, got null");
  const absl::StatusOr<nlohmann::json> json = ToJson(*value, 0);
  if (!json.ok()) return json.status();
  absl::StatusOr<Pod> pod = DecodePod(*json);
  if (!pod.ok()) return Wrong("Pod", pod.status().message());
  return pod;
}

absl::StatusOr<std::vector<absl::string_view>> ReadNodeNames(const Object& root) {
  static constexpr absl::string_view kAdvice =
      "set nodeCacheCapable: true for this extender in kube-scheduler's configuration";
  if (root.Find("Nodes").has_value()) {
    return Wrong("Nodes", absl::StrCat("whole nodes were sent instead of their names; ", kAdvice));
  }
  const std::optional<element> value = root.Find("NodeNames");
  if (!value.has_value()) return Wrong("NodeNames", absl::StrCat("want an array, got null; ", kAdvice));
  simdjson::dom::array array;
  if (value->get(array) != simdjson::SUCCESS) return WantedButGot("NodeNames", "an array", *value);
  std::vector<absl::string_view> names;
  names.reserve(array.size());
  for (const element& name : array) {
    std::string_view text;
    if (name.get(text) != simdjson::SUCCESS) return WantedButGot("NodeNames", "strings", name);
    names.push_back(View(text));
  }
  return names;
}

absl::StatusOr<std::string> ReadText(const Object& root, absl::string_view field) {
  const std::optional<element> value = root.Find({field.data(), field.size()});
  if (!value.has_value()) return Wrong(field, "want a string, got null");
  std::string_view text;
  if (value->get(text) != simdjson::SUCCESS) return WantedButGot(field, "a string", *value);
  if (text.empty()) return Wrong(field, "is empty");
  return std::string(text);
}

// How the two forms of the preempt call name a victim.
absl::StatusOr<std::string> ReadMetaPod(const Object& pod) { return ReadText(pod, "UID"); }
absl::StatusOr<std::string> ReadWholePod(const Object& pod) {
  const std::optional<element> metadata = pod.Find("metadata");
  if (!metadata.has_value()) return Wrong("metadata", "want an object, got null");
  const absl::StatusOr<Object> fields = Object::From(*metadata, "metadata");
  if (!fields.ok()) return fields.status();
  return ReadText(*fields, "uid");
}

using ReadVictim = absl::StatusOr<std::string> (*)(const Object& pod);

absl::Status ReadVictims(const Object& victims, ReadVictim read, EvictionOption& option) {
  if (const std::optional<element> count = victims.Find("NumPDBViolations")) {
    if (count->get(option.pdb_violations) != simdjson::SUCCESS) {
      return WantedButGot("NumPDBViolations", "a whole number", *count);
    }
  }
  const std::optional<element> pods = victims.Find("Pods");
  if (!pods.has_value()) return absl::OkStatus();
  simdjson::dom::array array;
  if (pods->get(array) != simdjson::SUCCESS) return WantedButGot("Pods", "an array", *pods);
  for (const element& pod : array) {
    const absl::StatusOr<Object> fields = Object::From(pod, "Pods");
    if (!fields.ok()) return fields.status();
    absl::StatusOr<std::string> uid = read(*fields);
    if (!uid.ok()) return Wrong("Pods", uid.status().message());
    option.victims.emplace_back(*std::move(uid));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<EvictionOption>> ReadOptions(const Object& root) {
  ReadVictim read = ReadMetaPod;
  absl::string_view field = "NodeNameToMetaVictims";
  std::optional<element> value = root.Find("NodeNameToMetaVictims");
  if (!value.has_value()) {
    read = ReadWholePod;
    field = "NodeNameToVictims";
    value = root.Find("NodeNameToVictims");
  }
  if (!value.has_value()) return Wrong("NodeNameToMetaVictims", "want an object, got null");
  const absl::StatusOr<Object> nodes = Object::From(*value, field);
  if (!nodes.ok()) return nodes.status();
  std::vector<EvictionOption> options;
  for (const auto& [name, victims] : nodes->fields()) {
    EvictionOption& option = options.emplace_back();
    option.node = NodeName(std::string(name));
    if (victims.is_null()) continue;
    const std::string path = absl::StrCat(field, ".", View(name));
    const absl::StatusOr<Object> fields = Object::From(victims, path);
    if (!fields.ok()) return fields.status();
    const absl::Status status = ReadVictims(*fields, read, option);
    if (!status.ok()) return Wrong(path, status.message());
  }
  return options;
}

}  // namespace

// Parsers that are not in use: their memory is worth keeping, since getting it
// anew costs about as much as parsing.
class Decoder::Parsers : public std::enable_shared_from_this<Decoder::Parsers> {
 public:
  // Goes back when the last user lets go of it.
  std::shared_ptr<simdjson::dom::parser> Take() {
    std::unique_ptr<simdjson::dom::parser> parser;
    {
      absl::MutexLock lock(&mu_);
      if (!free_.empty()) {
        parser = std::move(free_.back());
        free_.pop_back();
      }
    }
    if (parser == nullptr) parser = std::make_unique<simdjson::dom::parser>();
    return {parser.release(), [self = shared_from_this()](simdjson::dom::parser* used) {
              self->Return(std::unique_ptr<simdjson::dom::parser>(used));
            }};
  }

 private:
  void Return(std::unique_ptr<simdjson::dom::parser> used) {
    if (used->capacity() > kKeptCapacity) return;
    absl::MutexLock lock(&mu_);
    if (free_.size() < kKeptParsers) free_.push_back(std::move(used));
  }

  absl::Mutex mu_;
  std::vector<std::unique_ptr<simdjson::dom::parser>> free_ ABSL_GUARDED_BY(mu_);
};

namespace {

absl::StatusOr<Object> Parse(simdjson::dom::parser& parser, const std::string& body) {
  element root;
  const simdjson::error_code error = parser.parse(body).get(root);
  if (error != simdjson::SUCCESS) return Wrong("body", simdjson::error_message(error));
  return Object::From(root, "body");
}

}  // namespace

Decoder::Decoder() : parsers_(std::make_shared<Parsers>()) {}
Decoder::~Decoder() = default;

absl::StatusOr<NodesRequest> Decoder::DecodeNodes(const std::string& body) {
  std::shared_ptr<simdjson::dom::parser> parser = parsers_->Take();
  const absl::StatusOr<Object> root = Parse(*parser, body);
  if (!root.ok()) return root.status();
  // First what a whole configuration gets wrong, then what one pod does.
  absl::StatusOr<std::vector<absl::string_view>> names = ReadNodeNames(*root);
  if (!names.ok()) return names.status();
  absl::StatusOr<Pod> pod = ReadPod(*root);
  if (!pod.ok()) return pod.status();
  return NodesRequest{*std::move(pod), *std::move(names), std::move(parser)};
}

absl::StatusOr<BindCall> Decoder::DecodeBind(const std::string& body) {
  const std::shared_ptr<simdjson::dom::parser> parser = parsers_->Take();
  const absl::StatusOr<Object> root = Parse(*parser, body);
  if (!root.ok()) return root.status();
  const absl::StatusOr<std::string> name = ReadText(*root, "PodName");
  if (!name.ok()) return name.status();
  const absl::StatusOr<std::string> ns = ReadText(*root, "PodNamespace");
  if (!ns.ok()) return ns.status();
  absl::StatusOr<std::string> uid = ReadText(*root, "PodUID");
  if (!uid.ok()) return uid.status();
  absl::StatusOr<std::string> node = ReadText(*root, "Node");
  if (!node.ok()) return node.status();
  return BindCall{PodName(*ns, *name), PodUid(*std::move(uid)), NodeName(*std::move(node))};
}

absl::StatusOr<PreemptRequest> Decoder::DecodePreempt(const std::string& body) {
  const std::shared_ptr<simdjson::dom::parser> parser = parsers_->Take();
  const absl::StatusOr<Object> root = Parse(*parser, body);
  if (!root.ok()) return root.status();
  absl::StatusOr<Pod> pod = ReadPod(*root);
  if (!pod.ok()) return pod.status();
  absl::StatusOr<std::vector<EvictionOption>> options = ReadOptions(*root);
  if (!options.ok()) return options.status();
  return PreemptRequest{*std::move(pod), *std::move(options)};
}

}  // namespace muster
