// SPDX-License-Identifier: Apache-2.0
#include "scheduling/capacity/node_class.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "server/objects/objects.h"

namespace muster {
namespace {

struct Case {
  std::string name;
  std::string labels;  // as on a real node of the provider, shortened
  std::string taints;
  CapacityClass want;
};

constexpr CapacityClass kUnknown = CapacityClass::kUnknown;
constexpr CapacityClass kOnDemand = CapacityClass::kOnDemand;
constexpr CapacityClass kReserved = CapacityClass::kReserved;
constexpr CapacityClass kSpot = CapacityClass::kSpot;
constexpr CapacityClass kFlex = CapacityClass::kFlex;

class ClassOfRealNodes : public testing::TestWithParam<Case> {};

TEST_P(ClassOfRealNodes, IsByTheLabelsAlone) {
  const Case& c = GetParam();
  const auto node = DecodeNode(nlohmann::json::parse(
      R"({"kind": "Node", "metadata": {"name": "n", "labels": {"kubernetes.io/os": "linux")" +
      (c.labels.empty() ? "" : ", " + c.labels) + R"(}}, "spec": {"taints": [)" + c.taints + "]}}"));
  ASSERT_TRUE(node.ok()) << node.status();
  EXPECT_EQ(Word(node->capacity), Word(c.want));
}

const Case kCases[] = {
    {"KarpenterSpotWithoutTaint", R"("karpenter.sh/capacity-type": "spot", "karpenter.sh/nodepool": "gpu")",
     "", kSpot},
    {"KarpenterOnDemand", R"("karpenter.sh/capacity-type": "on-demand")", "", kOnDemand},
    {"KarpenterReserved", R"("karpenter.sh/capacity-type": "reserved")", "", kReserved},
    {"KarpenterOfBefore", R"("karpenter.k8s.aws/capacity-type": "spot")", "", kSpot},
    {"EksSpot", R"("eks.amazonaws.com/capacityType": "SPOT", "eks.amazonaws.com/nodegroup": "a")", "", kSpot},
    {"EksOnDemand", R"("eks.amazonaws.com/capacityType": "ON_DEMAND")", "", kOnDemand},
    {"EksCapacityBlock", R"("eks.amazonaws.com/capacityType": "CAPACITY_BLOCK")", "", kReserved},
    {"EksLowerCaseIsNoValueOfEks", R"("eks.amazonaws.com/capacityType": "spot")", "", kUnknown},
    {"GkeSpotStandardHasNoTaint",
     R"("cloud.google.com/gke-nodepool": "p", "cloud.google.com/gke-spot": "true",
      "cloud.google.com/gke-provisioning": "spot")",
     "", kSpot},
    {"GkeSpotAutopilotHasOne", R"("cloud.google.com/gke-spot": "true")",
     R"({"key": "cloud.google.com/gke-spot", "value": "true", "effect": "NoSchedule"})", kSpot},
    {"GkePreemptible", R"("cloud.google.com/gke-nodepool": "p", "cloud.google.com/gke-preemptible": "true")",
     "", kSpot},
    {"GkeFlexStart", R"("cloud.google.com/gke-nodepool": "p", "cloud.google.com/gke-flex-start": "true")", "",
     kFlex},
    {"GkeProvisioningStandard", R"("cloud.google.com/gke-provisioning": "standard")", "", kOnDemand},
    {"GkeStandardByAbsence", R"("cloud.google.com/gke-nodepool": "p")", "", kOnDemand},
    {"AksSpot", R"("kubernetes.azure.com/agentpool": "s", "kubernetes.azure.com/scalesetpriority": "spot")",
     R"({"key": "kubernetes.azure.com/scalesetpriority", "value": "spot", "effect": "NoSchedule"})", kSpot},
    {"AksRegularByAbsence", R"("kubernetes.azure.com/agentpool": "n")", "", kOnDemand},
    {"AksTaintWithoutLabelIsNoSpot", R"("kubernetes.azure.com/agentpool": "n")",
     R"({"key": "kubernetes.azure.com/scalesetpriority", "value": "spot", "effect": "NoSchedule"})",
     kOnDemand},
    {"OceanSpot", R"("spotinst.io/node-lifecycle": "spot")", "", kSpot},
    {"OceanOnDemand", R"("spotinst.io/node-lifecycle": "od")", "", kOnDemand},
    {"CastSpot", R"("scheduling.cast.ai/spot": "true")",
     R"({"key": "scheduling.cast.ai/spot", "effect": "NoSchedule"})", kSpot},
    {"CastFallbackIsOnDemand",
     R"("scheduling.cast.ai/spot": "true", "scheduling.cast.ai/spot-fallback": "true")", "", kOnDemand},
    {"OpenShiftByPresence", R"("machine.openshift.io/interruptible-instance": "")", "", kSpot},
    {"AckWithPriceLimit", R"("node.alibabacloud.com/spot-strategy": "SpotWithPriceLimit",
      "node.alibabacloud.com/instance-charge-type": "PostPaid")",
     "", kSpot},
    {"AckAsPriceGoes", R"("node.alibabacloud.com/spot-strategy": "SpotAsPriceGo")", "", kSpot},
    {"AckNoSpot", R"("node.alibabacloud.com/spot-strategy": "NoSpot")", "", kOnDemand},
    {"AckPrePaid", R"("node.alibabacloud.com/spot-strategy": "NoSpot",
      "node.alibabacloud.com/instance-charge-type": "PrePaid")",
     "", kReserved},
    {"KopsLifecycle", R"("node.kubernetes.io/lifecycle": "spot")", "", kSpot},
    {"OldAwsGuide", R"("lifecycle": "Ec2Spot")", "", kSpot},
    {"OldAwsGuideOnDemand", R"("lifecycle": "OnDemand")", "", kOnDemand},
    {"SpotWorkerRole", R"("node-role.kubernetes.io/spot-worker": "true")", "", kSpot},
    {"TaintCalledSpotWithoutLabel", "",
     R"({"key": "spotInstance", "value": "true", "effect": "PreferNoSchedule"})", kUnknown},
    {"NothingSaysSo", "", "", kUnknown},
    {"KarpenterGoesBeforeEks",
     R"("karpenter.sh/capacity-type": "on-demand", "eks.amazonaws.com/capacityType": "SPOT")", "", kOnDemand},
    {"OceanGoesBeforeEks",
     R"("eks.amazonaws.com/capacityType": "ON_DEMAND", "spotinst.io/node-lifecycle": "spot")", "", kSpot},
    {"UnknownValueLeavesTheRuleOut",
     R"("karpenter.sh/capacity-type": "moon", "eks.amazonaws.com/capacityType": "SPOT")", "", kSpot},
};

INSTANTIATE_TEST_SUITE_P(Providers, ClassOfRealNodes, testing::ValuesIn(kCases),
                         [](const auto& info) { return info.param.name; });

Node NodeWith(Labels labels) {
  Node node;
  node.labels = std::move(labels);
  node.capacity = ClassByRules(WellKnownClassRules(), node.labels);
  return node;
}

TEST(ClassOf, RulesOfTheOperatorGoBeforeThoseOfProviders) {
  ClassOptions options;
  options.rules = {{"pool", {"cheap"}, kSpot}, {"pool", {}, kReserved}};
  EXPECT_EQ(ClassOf(options, NodeWith({{"pool", "cheap"}, {"karpenter.sh/capacity-type", "on-demand"}})),
            kSpot);
  EXPECT_EQ(ClassOf(options, NodeWith({{"pool", "other"}})), kReserved);
  EXPECT_EQ(ClassOf(options, NodeWith({{"karpenter.sh/capacity-type", "on-demand"}})), kOnDemand);
}

TEST(ClassOf, ARuleMaySayThatANodeIsOfNoKnownClass) {
  ClassOptions options;
  options.rules = {{"pool", {"odd"}, kUnknown}};
  options.otherwise = kOnDemand;
  EXPECT_EQ(ClassOf(options, NodeWith({{"pool", "odd"}, {"karpenter.sh/capacity-type", "spot"}})), kUnknown);
}

TEST(ClassOf, NodesForWhichNoRuleHoldsAreWhatTheOperatorSays) {
  ClassOptions options;
  EXPECT_EQ(ClassOf(options, NodeWith({})), kUnknown);
  options.otherwise = kOnDemand;
  EXPECT_EQ(ClassOf(options, NodeWith({})), kOnDemand);
  EXPECT_EQ(ClassOf(options, NodeWith({{"karpenter.sh/capacity-type", "spot"}})), kSpot);
}

TEST(CapacityClass, EveryWordIsUnderstood) {
  for (const CapacityClass capacity : {kUnknown, kOnDemand, kReserved, kSpot, kFlex}) {
    EXPECT_EQ(CapacityClassNamed(Word(capacity)), capacity);
  }
  EXPECT_EQ(CapacityClassNamed("Spot"), std::nullopt);
}

}  // namespace
}  // namespace muster
