// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "nlohmann/json.hpp"
#include "scheduling/capacity/departure.h"
#include "scheduling/capacity/node_class.h"
#include "scheduling/gpu/inventory.h"
#include "scheduling/model/quantity.h"
#include "server/objects/fields.h"
#include "server/objects/objects.h"
#include "server/objects/pod_requests.h"

namespace muster {
namespace {

Taint DecodeTaint(const Fields& fields) {
  Taint taint;
  taint.key = fields.String("key");
  taint.value = fields.String("value");
  const std::string effect = fields.String("effect");
  if (effect == "NoExecute") {
    taint.effect = TaintEffect::kNoExecute;
  } else if (effect == "PreferNoSchedule") {
    taint.effect = TaintEffect::kPreferNoSchedule;
  } else if (effect != "NoSchedule") {
    fields.Reject("effect", absl::StrCat("unknown effect \"", effect, "\""));
  }
  return taint;
}

// A node that reports conditions but not that it is ready is out; one without
// any, as in a file written by hand, is taken at its word.
bool IsReady(const Fields& status) {
  bool any = false;
  bool ready = false;
  status.ForEach("conditions", [&](const Fields& condition) {
    any = true;
    ready |= condition.String("type") == "Ready" && condition.String("status") == "True";
  });
  return ready || !any;
}

// The amounts under `key`. An amount of GPUs that can't be read takes nothing
// away from the rest of the node: it counts as none, and its name goes to
// `unreadable`.
Resources DecodeOffered(const Fields& status, absl::string_view key, std::vector<std::string>& unreadable) {
  std::vector<std::string> here;
  status.ForEachQuantity(key, [&](absl::string_view name, absl::string_view text) {
    if (IsGpuResource(name) && !ParseUnits(text).ok()) here.emplace_back(name);
  });
  Resources offered = DecodeAmounts(status, key, here);
  unreadable.insert(unreadable.end(), here.begin(), here.end());
  return offered;
}

void DecodeGpus(const Fields& status, Node& node) {
  const bool has_both = status.At("allocatable").Present();
  std::vector<std::string> unreadable;
  node.allocatable = DecodeOffered(status, has_both ? "allocatable" : "capacity", unreadable);
  std::vector<std::string> unreadable_capacity;
  const Resources capacity =
      has_both ? DecodeOffered(status, "capacity", unreadable_capacity) : node.allocatable;
  node.gpus = ReadGpus(node.labels, capacity, node.allocatable, unreadable);
  if (!node.gpus.has_value()) return;
  for (const GpuPool& pool : node.gpus->pools) node.allocatable.Set(pool.resource, pool.units);
}

// What can't be read of a sign is no reason to lose the node.
NodeSigns DecodeSigns(const Fields& metadata, const Fields& status, const Node& node) {
  NodeSigns signs{
      .taints = node.taints, .labels = node.labels, .annotations = metadata.Strings("annotations")};
  status.ForEach("conditions", [&](const Fields& condition) {
    if (condition.String("status") != "True") return;
    NodeCondition& holds = signs.conditions.emplace_back();
    holds.type = condition.String("type");
    absl::Time since;
    if (absl::ParseTime(absl::RFC3339_full, condition.String("lastTransitionTime"), &since, nullptr)) {
      holds.since = since;
    }
  });
  return signs;
}

}  // namespace

absl::StatusOr<Node> DecodeNode(const ApiObject& object) {
  absl::Status error = CheckIsObject(object, "node");
  if (!error.ok()) return error;
  const Fields root(object, &error);
  const Fields metadata = root.At("metadata");
  const Fields spec = root.At("spec");
  const Fields status = root.At("status");

  Node node;
  node.name = NodeName(metadata.String("name"));
  if (node.name.empty()) metadata.Reject("name", "want the node's name");
  node.labels = metadata.Strings("labels");
  spec.ForEach("taints", [&](const Fields& taint) { node.taints.push_back(DecodeTaint(taint)); });
  node.provider_id = spec.String("providerID");
  node.unschedulable = spec.Bool("unschedulable");
  node.ready = IsReady(status);
  DecodeGpus(status, node);
  node.capacity = ClassByRules(WellKnownClassRules(), node.labels);
  node.departure = DepartureOf(DecodeSigns(metadata, status, node));
  node.deletion_candidate = IsDeletionCandidate(node.taints);
  if (!error.ok()) return error;
  return node;
}

}  // namespace muster
