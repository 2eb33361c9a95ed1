// SPDX-License-Identifier: Apache-2.0
#include "server/grpc/read_expansion.h"

#include <map>
#include <string>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "autoscaler/expander.pb.h"
#include "scheduling/capacity/node_class.h"
#include "scheduling/model/quantity.h"
#include "server/grpc/wire_reader.h"

// Field numbers: k8s.io/api core/v1 generated.proto and apimachinery meta/v1 and
// api/resource generated.proto, v0.37; they never change.
namespace muster {
namespace {

constexpr uint32_t kMetadata = 1;  // of Pod and Node
constexpr uint32_t kNodeSpec = 2;
constexpr uint32_t kNodeStatus = 3;
constexpr uint32_t kName = 1;  // of ObjectMeta
constexpr uint32_t kNamespace = 3;
constexpr uint32_t kUid = 5;
constexpr uint32_t kLabels = 11;
constexpr uint32_t kProviderId = 3;   // of NodeSpec
constexpr uint32_t kAllocatable = 2;  // of NodeStatus
constexpr uint32_t kKey = 1;          // of a map's entry
constexpr uint32_t kValue = 2;
constexpr uint32_t kQuantityText = 1;

std::string Text(absl::string_view content) { return std::string(content); }

// The entry of a map<string, string>, or of one to messages.
bool ReadEntry(absl::string_view bytes, absl::string_view& key, absl::string_view& value) {
  WireReader entry(bytes);
  while (entry.Next()) {
    if (entry.field() == kKey) key = entry.content();
    if (entry.field() == kValue) value = entry.content();
  }
  return entry.ok();
}

// What identifies a pod, in its bytes.
struct PodKey {
  absl::string_view ns;
  absl::string_view name;
  absl::string_view uid;
};

bool ReadPod(absl::string_view bytes, PodKey& key) {
  WireReader pod(bytes);
  while (pod.Next()) {
    if (pod.field() != kMetadata) continue;
    WireReader metadata(pod.content());
    while (metadata.Next()) {
      if (metadata.field() == kName) key.name = metadata.content();
      if (metadata.field() == kNamespace) key.ns = metadata.content();
      if (metadata.field() == kUid) key.uid = metadata.content();
    }
    if (!metadata.ok()) return false;
  }
  return pod.ok();
}

bool ReadMetadata(absl::string_view bytes, Node& node) {
  WireReader metadata(bytes);
  while (metadata.Next()) {
    if (metadata.field() == kName) node.name = NodeName(Text(metadata.content()));
    if (metadata.field() != kLabels) continue;
    absl::string_view key;
    absl::string_view value;
    if (!ReadEntry(metadata.content(), key, value)) return false;
    node.labels[Text(key)] = Text(value);
  }
  return metadata.ok();
}

// An amount that is no quantity is as good as none: the autoscaler made sure of it.
bool ReadAllocatable(absl::string_view bytes, Node& node) {
  absl::string_view name;
  absl::string_view quantity;
  if (!ReadEntry(bytes, name, quantity)) return false;
  WireReader reader(quantity);
  absl::string_view text;
  while (reader.Next()) {
    if (reader.field() == kQuantityText) text = reader.content();
  }
  const auto amount = name == kCpu ? ParseMillis(text) : ParseUnits(text);
  if (amount.ok()) node.allocatable.Set(name, *amount);
  return reader.ok();
}

bool ReadNode(absl::string_view bytes, Node& node) {
  WireReader reader(bytes);
  bool ok = true;
  while (ok && reader.Next()) {
    if (reader.field() == kMetadata) ok = ReadMetadata(reader.content(), node);
    if (reader.field() != kNodeSpec && reader.field() != kNodeStatus) continue;
    WireReader inner(reader.content());
    while (ok && inner.Next()) {
      if (reader.field() == kNodeSpec && inner.field() == kProviderId)
        node.provider_id = Text(inner.content());
      if (reader.field() == kNodeStatus && inner.field() == kAllocatable)
        ok = ReadAllocatable(inner.content(), node);
    }
    ok = ok && inner.ok();
  }
  node.capacity = ClassByRules(WellKnownClassRules(), node.labels);
  return ok && reader.ok();
}

// Numbers pods by their uid: options mostly have the same ones.
class PodNumbers {
 public:
  explicit PodNumbers(std::vector<PendingPod>& pods) : pods_(pods) {}

  // kInvalidArgument says what is wrong.
  absl::StatusOr<size_t> NumberOf(absl::string_view bytes) {
    PodKey key;
    if (!ReadPod(bytes, key)) return absl::InvalidArgumentError("can't be read as a v1.Pod");
    if (key.name.empty()) return absl::InvalidArgumentError("has no name");
    const auto [at, is_new] = numbers_.try_emplace(std::tuple(key.uid, key.ns, key.name), pods_.size());
    if (is_new) pods_.push_back({PodName(key.ns, key.name), PodUid(Text(key.uid))});
    return at->second;
  }

 private:
  std::vector<PendingPod>& pods_;
  // Of uid, namespace and name, in the request's own bytes.
  absl::flat_hash_map<std::tuple<absl::string_view, absl::string_view, absl::string_view>, size_t> numbers_;
};

// The bytes of the node group's node; null where the request has none.
const std::string* SampleOf(const grpcplugin::BestOptionsRequest& request, const std::string& group) {
  for (const auto* map : {&request.nodebytesmap(), &request.nodemap()}) {
    const auto at = map->find(group);
    if (at != map->end()) return &at->second;
  }
  return nullptr;
}

const google::protobuf::RepeatedPtrField<std::string>& PodsOf(const grpcplugin::Option& option) {
  return option.podbytes().empty() ? option.pod() : option.podbytes();
}

absl::Status Bad(const grpcplugin::Option& option, int index, absl::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("options[", index, "] of node group \"", option.nodegroupid(), "\": ", what));
}

}  // namespace

absl::StatusOr<Expansion> ReadExpansion(const grpcplugin::BestOptionsRequest& request) {
  Expansion expansion;
  PodNumbers numbers(expansion.pods);
  std::map<std::string, Node> samples;
  for (int o = 0; o < request.options_size(); ++o) {
    const grpcplugin::Option& option = request.options(o);
    ExpansionOption& next = expansion.options.emplace_back();
    next.id = option.nodegroupid();
    next.nodes = option.nodecount();
    if (next.id.empty()) return Bad(option, o, "nodeGroupId is empty");
    if (next.nodes < 0) return Bad(option, o, absl::StrCat("nodeCount is ", next.nodes, ", negative"));
    const std::string* sample = SampleOf(request, next.id);
    if (sample != nullptr && !ReadNode(*sample, next.sample)) {
      return Bad(option, o, "its node can't be read as a v1.Node");
    }
    const auto& pods = PodsOf(option);
    const auto* before = o == 0 ? nullptr : &PodsOf(request.options(o - 1));
    next.pods.reserve(static_cast<size_t>(pods.size()));
    for (int p = 0; p < pods.size(); ++p) {
      // Options mostly have the same pods in the same order.
      if (before != nullptr && p < before->size() && (*before)[p] == pods[p]) {
        next.pods.push_back(expansion.options[static_cast<size_t>(o) - 1].pods[static_cast<size_t>(p)]);
        continue;
      }
      const absl::StatusOr<size_t> number = numbers.NumberOf(pods[p]);
      if (!number.ok()) return Bad(option, o, absl::StrCat("pod ", p, " ", number.status().message()));
      next.pods.push_back(*number);
    }
  }
  return expansion;
}

}  // namespace muster
