// SPDX-License-Identifier: Apache-2.0
#include "scheduling/capacity/node_class.h"

#include <algorithm>

namespace muster {
namespace {

constexpr CapacityClass kOnDemand = CapacityClass::kOnDemand;
constexpr CapacityClass kReserved = CapacityClass::kReserved;
constexpr CapacityClass kSpot = CapacityClass::kSpot;
constexpr CapacityClass kFlex = CapacityClass::kFlex;

bool Holds(const ClassRule& rule, const Labels& labels) {
  const auto at = labels.find(rule.label);
  if (at == labels.end()) return false;
  return rule.values.empty() ||
         std::find(rule.values.begin(), rule.values.end(), at->second) != rule.values.end();
}

}  // namespace

// Sources, as of August 2026:
//   Karpenter  sigs.k8s.io/karpenter v1.14 pkg/apis/v1/labels.go
//   Ocean      docs.spot.io, node label spotinst.io/node-lifecycle
//   EKS        opencost pkg/cloud/aws/provider.go (EKSCapacityTypeLabel), EKS user guide
//   GKE        cloud.google.com/kubernetes-engine/docs: spot VMs, preemptible VMs, flex-start;
//              without one of these labels a node of a node pool is standard
//   AKS        learn.microsoft.com/azure/aks/spot-node-pool: absent means regular
//   cast.ai    docs.cast.ai: a fallback node carries both labels, and is on demand
//   OpenShift  machine.openshift.io/interruptible-instance, on Machine and Node
//   ACK        cloud-controller-manager v2.10.2; absent means no spot
// What Karpenter, which knows what it bought, says goes before what others say.
absl::Span<const ClassRule> WellKnownClassRules() {
  static const auto& rules = *new std::vector<ClassRule>{
      {"karpenter.sh/capacity-type", {"spot"}, kSpot},
      {"karpenter.sh/capacity-type", {"on-demand"}, kOnDemand},
      {"karpenter.sh/capacity-type", {"reserved"}, kReserved},
      {"karpenter.k8s.aws/capacity-type", {"spot"}, kSpot},
      {"karpenter.k8s.aws/capacity-type", {"on-demand"}, kOnDemand},
      {"spotinst.io/node-lifecycle", {"spot"}, kSpot},
      {"spotinst.io/node-lifecycle", {"od"}, kOnDemand},
      {"eks.amazonaws.com/capacityType", {"SPOT"}, kSpot},
      {"eks.amazonaws.com/capacityType", {"ON_DEMAND"}, kOnDemand},
      {"eks.amazonaws.com/capacityType", {"CAPACITY_BLOCK"}, kReserved},
      {"cloud.google.com/gke-spot", {"true"}, kSpot},
      {"cloud.google.com/gke-preemptible", {"true"}, kSpot},
      {"cloud.google.com/gke-flex-start", {"true"}, kFlex},
      {"cloud.google.com/gke-provisioning", {"spot", "preemptible"}, kSpot},
      {"cloud.google.com/gke-provisioning", {"standard"}, kOnDemand},
      {"kubernetes.azure.com/scalesetpriority", {"spot"}, kSpot},
      {"kubernetes.azure.com/scalesetpriority", {"regular"}, kOnDemand},
      {"scheduling.cast.ai/spot-fallback", {"true"}, kOnDemand},
      {"scheduling.cast.ai/spot", {"true"}, kSpot},
      {"machine.openshift.io/interruptible-instance", {}, kSpot},
      {"node.alibabacloud.com/spot-strategy", {"SpotWithPriceLimit", "SpotAsPriceGo"}, kSpot},
      {"node.alibabacloud.com/instance-charge-type", {"PrePaid"}, kReserved},
      {"node.alibabacloud.com/spot-strategy", {"NoSpot"}, kOnDemand},
      {"node.alibabacloud.com/instance-charge-type", {"PostPaid"}, kOnDemand},
      // Made by hand, as old guides of AWS and kops have them.
      {"node.kubernetes.io/lifecycle", {"spot"}, kSpot},
      {"node.kubernetes.io/lifecycle", {"on-demand", "normal"}, kOnDemand},
      {"lifecycle", {"Ec2Spot"}, kSpot},
      {"lifecycle", {"OnDemand"}, kOnDemand},
      {"node-role.kubernetes.io/spot-worker", {}, kSpot},
      // Providers that label what is not on demand, and nothing else.
      {"cloud.google.com/gke-nodepool", {}, kOnDemand},
      {"kubernetes.azure.com/agentpool", {}, kOnDemand},
      {"alibabacloud.com/nodepool-id", {}, kOnDemand},
  };
  return rules;
}

bool IsSpotTaint(absl::string_view key) {
  return key == "cloud.google.com/gke-spot" || key == "cloud.google.com/gke-provisioning" ||
         key == "kubernetes.azure.com/scalesetpriority" || key == "scheduling.cast.ai/spot";
}

CapacityClass ClassByRules(absl::Span<const ClassRule> rules, const Labels& labels) {
  const auto first =
      std::find_if(rules.begin(), rules.end(), [&](const ClassRule& rule) { return Holds(rule, labels); });
  return first == rules.end() ? CapacityClass::kUnknown : first->capacity;
}

CapacityClass ClassOf(const ClassOptions& options, const Node& node) {
  for (const ClassRule& rule : options.rules) {
    if (Holds(rule, node.labels)) return rule.capacity;
  }
  return node.capacity == CapacityClass::kUnknown ? options.otherwise : node.capacity;
}

}  // namespace muster
