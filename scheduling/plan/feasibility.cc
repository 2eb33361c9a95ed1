// SPDX-License-Identifier: Apache-2.0
#include "scheduling/plan/feasibility.h"

#include <array>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"

namespace muster {
namespace {

// `kubectl cordon` sets the field; the taint of this key follows later, and
// tolerating it is how a pod (of a DaemonSet) says that it does not mind.
const Taint& UnschedulableTaint() {
  static const auto& taint = *new Taint{"node.kubernetes.io/unschedulable", "", TaintEffect::kNoSchedule};
  return taint;
}

bool Cordoned(const PodShape& shape, const Node& node) {
  return node.unschedulable &&
         absl::c_none_of(shape.tolerations, [](const auto& t) { return Tolerates(t, UnschedulableTaint()); });
}

bool SelectorMatches(const PodShape& shape, const Node& node) {
  return absl::c_all_of(shape.node_selector, [&](const auto& wanted) {
    const auto at = node.labels.find(wanted.first);
    return at != node.labels.end() && at->second == wanted.second;
  });
}

bool AffinityMatches(const PodShape& shape, const Node& node) {
  return !shape.required_affinity.has_value() ||
         absl::c_any_of(*shape.required_affinity, [&](const NodeSelectorTerm& term) {
           return Matches(term, node.name.text(), node.labels);
         });
}

// Whether every term of the affinity names one node, as the DaemonSet controller writes it.
bool MadeForOneNode(const PodShape& shape) {
  return shape.required_affinity.has_value() && !shape.required_affinity->empty() &&
         absl::c_all_of(*shape.required_affinity, [](const NodeSelectorTerm& term) {
           return absl::c_any_of(term.fields, [](const LabelRequirement& field) {
             return field.op == LabelRequirement::Op::kIn && field.values.size() == 1;
           });
         });
}

std::string Describe(const Taint& taint) {
  return absl::StrCat("with taint ", taint.key, taint.value.empty() ? "" : "=", taint.value,
                      taint.effect == TaintEffect::kNoExecute ? ":NoExecute" : ":NoSchedule");
}

}  // namespace

bool KeptOffDeparting(const PodShape& shape, const Node& node) {
  return node.departure.has_value() && !MadeForOneNode(shape);
}

std::string ClosedToMembers(const PodShape& shape, const Node& node) {
  static constexpr std::array<absl::string_view, 3> kKeys = {
      "node.kubernetes.io/unschedulable", "node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"};
  if (MadeForOneNode(shape)) return "";
  if (node.unschedulable) return "unschedulable";
  const auto at = absl::c_find_if(node.taints, [](const Taint& taint) {
    return taint.effect != TaintEffect::kPreferNoSchedule && absl::c_linear_search(kKeys, taint.key);
  });
  return at == node.taints.end() ? "" : Describe(*at);
}

bool SelectsNode(const PodShape& shape, const Node& node) {
  return SelectorMatches(shape, node) && AffinityMatches(shape, node);
}

bool Eligible(const PodShape& shape, const Node& node) {
  return node.ready && !KeptOffDeparting(shape, node) && !Cordoned(shape, node) &&
         FirstUntolerated(node.taints, shape.tolerations) == nullptr && SelectsNode(shape, node);
}

std::string Ineligibility(const PodShape& shape, const Node& node) {
  if (!node.ready) return "not ready";
  if (KeptOffDeparting(shape, node)) {
    return absl::StrCat(node.departure->leaving ? "going away: " : "not in service yet: ",
                        node.departure->signal);
  }
  if (Cordoned(shape, node)) return "unschedulable";
  if (const Taint* taint = FirstUntolerated(node.taints, shape.tolerations)) return Describe(*taint);
  if (!SelectorMatches(shape, node)) return "not matching the node selector";
  if (!AffinityMatches(shape, node)) return "not matching the node affinity";
  return "";
}

}  // namespace muster
