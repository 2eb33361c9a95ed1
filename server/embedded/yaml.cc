// SPDX-License-Identifier: Apache-2.0
#include <simdjson.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "nlohmann/json.hpp"
#include "server/embedded/manifests.h"

namespace muster {
namespace {

using Json = nlohmann::json;

constexpr size_t kLargestText = size_t{512} << 20;  // `kubectl get pods -A -o yaml` of a large cluster
constexpr int kDeepest = 64;

Json PlainScalar(const std::string& text) {
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") return nullptr;
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  const bool numeric = text.find_first_not_of("+-.0123456789eE") == std::string::npos;
  int64_t integer = 0;
  if (numeric && absl::SimpleAtoi(text, &integer)) return integer;
  double real = 0;
  if (numeric && absl::SimpleAtod(text, &real)) return real;
  return text;
}

// Walks a document, counting what it makes of it. Without aliases a text has
// no more values than bytes.
class Converter {
 public:
  explicit Converter(size_t text_bytes) : most_(text_bytes) {}

  absl::StatusOr<Json> Convert(const YAML::Node& node, int depth) {
    if (depth > kDeepest) return TooMuch(node, absl::StrFormat("nested deeper than %d levels", kDeepest));
    if (++values_ > most_) return TooMuch(node, "aliases multiply to more values than the text has bytes");
    switch (node.Type()) {
      case YAML::NodeType::Scalar:
        // yaml-cpp tags quoted scalars "!".
        return node.Tag() == "!" || absl::EndsWith(node.Tag(), ":str") ? Json(node.Scalar())
                                                                       : PlainScalar(node.Scalar());
      case YAML::NodeType::Sequence:
        return Sequence(node, depth);
      case YAML::NodeType::Map:
        return Map(node, depth);
      case YAML::NodeType::Null:
      case YAML::NodeType::Undefined:
        break;
    }
    return Json(nullptr);
  }

 private:
  static absl::Status TooMuch(const YAML::Node& node, absl::string_view what) {
    return absl::InvalidArgumentError(absl::StrCat("line ", node.Mark().line + 1, ": ", what));
  }

  absl::StatusOr<Json> Sequence(const YAML::Node& node, int depth) {
    Json array = Json::array();
    for (const YAML::Node& element : node) {
      absl::StatusOr<Json> value = Convert(element, depth + 1);
      if (!value.ok()) return value;
      array.push_back(*std::move(value));
    }
    return array;
  }

  absl::StatusOr<Json> Map(const YAML::Node& node, int depth) {
    Json object = Json::object();
    for (const auto& entry : node) {
      if (!entry.first.IsScalar()) return TooMuch(entry.first, "a key must be a plain word");
      absl::StatusOr<Json> value = Convert(entry.second, depth + 1);
      if (!value.ok()) return value;
      object[entry.first.Scalar()] = *std::move(value);
    }
    return object;
  }

  const size_t most_;
  size_t values_ = 0;
};

// Brackets and indentation nest; yaml-cpp recurses on them, so it must not see
// more than a manifest can need.
std::optional<absl::Status> NestedTooDeep(absl::string_view text) {
  int depth = 0;
  int line = 1;
  for (const char c : text) {
    if (c == '\n') ++line;
    if (c == '[' || c == '{') ++depth;
    if ((c == ']' || c == '}') && depth > 0) --depth;
    // Brackets in strings count as well: the limit leaves room for them.
    if (depth > 100 * kDeepest) {
      return absl::InvalidArgumentError(
          absl::StrFormat("line %d: nested deeper than %d levels", line, kDeepest));
    }
  }
  return std::nullopt;
}

// yaml-cpp hands any bytes on, and JSON can't be written with them.
std::optional<absl::Status> NotUtf8(absl::string_view text) {
  if (simdjson::validate_utf8(text.data(), text.size())) return std::nullopt;
  int number = 0;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    if (!simdjson::validate_utf8(line.data(), line.size())) break;
  }
  return absl::InvalidArgumentError(absl::StrFormat("line %d: the text is not UTF-8", number));
}

// Refuses a document that begins where the one before began: what yaml-cpp can't
// begin a document with it leaves in place, and reads nothing of it for ever.
class Progress : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark& mark) override {
    if (mark.pos == last_) throw YAML::ParserException(mark, "nothing can begin with this");
    last_ = mark.pos;
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {
  }
  void OnMapEnd() override {}

 private:
  int last_ = -1;
};

void CheckProgress(const std::string& text) {
  std::istringstream stream(text);
  YAML::Parser parser(stream);
  Progress progress;
  while (parser.HandleNextDocument(progress)) {
  }
}

}  // namespace

// The boundary at which yaml-cpp's exceptions become Status.
absl::StatusOr<std::vector<Json>> ParseDocuments(absl::string_view text) {
  if (text.size() > kLargestText) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%d bytes are too large; the most is %d", text.size(), kLargestText));
  }
  if (auto wrong = NotUtf8(text)) return *wrong;
  // JSON is read by the JSON parser, which is faster by far.
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first != absl::string_view::npos && text[first] == '{') {
    if (auto deep = NestedTooDeep(text)) return *deep;
    Json json = Json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
    if (!json.is_discarded()) return std::vector<Json>{std::move(json)};
  }
  if (auto deep = NestedTooDeep(text)) return *deep;
  std::vector<Json> documents;
  try {
    const std::string yaml(text);
    CheckProgress(yaml);
    for (const YAML::Node& document : YAML::LoadAll(yaml)) {
      absl::StatusOr<Json> json = Converter(text.size() + 1).Convert(document, 0);
      if (!json.ok()) return json.status();
      if (!json->is_null()) documents.push_back(*std::move(json));
    }
  } catch (const YAML::Exception& e) {
    return absl::InvalidArgumentError(
        absl::StrFormat("line %d, column %d: %s", e.mark.line + 1, e.mark.column + 1, e.msg));
  }
  return documents;
}

}  // namespace muster
