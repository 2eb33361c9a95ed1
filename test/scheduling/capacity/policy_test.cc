// SPDX-License-Identifier: Apache-2.0
#include "scheduling/capacity/policy.h"

#include <string>

#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "server/objects/objects.h"

namespace muster {
namespace {

// A pod of Deployment shop/web, changed by `change` (a JSON merge patch).
Pod PodWith(const std::string& change) {
  nlohmann::json pod = nlohmann::json::parse(R"({
    "metadata": {"name": "web-5d9c-abcde", "namespace": "shop", "uid": "u", "labels": {"pod-template-hash": "5d9c"},
                 "ownerReferences": [{"kind": "ReplicaSet", "name": "web-5d9c", "controller": true}]},
    "spec": {"containers": [{"name": "c"}]}})");
  pod.merge_patch(nlohmann::json::parse(change));
  return DecodePod(pod).value();
}

std::string OwnedBy(const std::string& kind) {
  return R"({"metadata": {"ownerReferences": [{"kind": ")" + kind +
         R"(", "name": "x", "controller": true}]}})";
}

struct Case {
  std::string name;
  std::string change;
  CapacityPolicy want;
  bool derived = true;
  Labels ns = {};
};

constexpr CapacityPolicy kAny = CapacityPolicy::kAny;
constexpr CapacityPolicy kSpot = CapacityPolicy::kSpot;
constexpr CapacityPolicy kOnDemand = CapacityPolicy::kOnDemand;
constexpr CapacityPolicy kPreferSpot = CapacityPolicy::kPreferSpot;

const Case kCases[] = {
    {"Deployment", "{}", kPreferSpot},
    {"Job", OwnedBy("Job"), kPreferSpot},
    {"StatefulSet", OwnedBy("StatefulSet"), kOnDemand},
    {"DaemonSetIsForItsNode",
     R"({"metadata": {"ownerReferences": [{"kind": "DaemonSet", "name": "x", "controller": true}]},
      "spec": {"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
        {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n"]}]}]}}}}})",
     kAny, false},
    {"NobodyMadeIt", R"({"metadata": {"ownerReferences": null}})", kAny, false},
    {"SaysItself", R"({"metadata": {"annotations": {"muster.dev/capacity": "spot"}}})", kSpot, false},
    {"SaysItselfThatItDoesNotMatter", R"({"metadata": {"labels": {"muster.dev/capacity": "any"}}})", kAny,
     false},
    {"ItsOwnWordGoesBeforeDoNotDisrupt",
     R"({"metadata": {"annotations": {"muster.dev/capacity": "spot", "karpenter.sh/do-not-disrupt": "true"}}})",
     kSpot, false},
    {"ItsOwnSelectorChose", R"({"spec": {"nodeSelector": {"karpenter.sh/capacity-type": "spot"}}})", kAny,
     false},
    {"ItsOwnAffinityChose",
     R"({"spec": {"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution":
      {"nodeSelectorTerms": [{"matchExpressions": [{"key": "eks.amazonaws.com/capacityType", "operator": "In",
      "values": ["SPOT"]}]}]}}}}})",
     kAny, false},
    {"DoNotDisrupt", R"({"metadata": {"annotations": {"karpenter.sh/do-not-disrupt": "true"}}})", kOnDemand},
    {"DoNotDisruptForAWhile", R"({"metadata": {"annotations": {"karpenter.sh/do-not-disrupt": "1h"}}})",
     kOnDemand},
    {"DisruptAsYouLike", R"({"metadata": {"annotations": {"karpenter.sh/do-not-disrupt": "false"}}})",
     kPreferSpot},
    {"NotSafeToEvict",
     R"({"metadata": {"annotations": {"cluster-autoscaler.kubernetes.io/safe-to-evict": "false"}}})",
     kOnDemand},
    {"SafeToEvictOfAStatefulSet",
     R"({"metadata": {"annotations": {"cluster-autoscaler.kubernetes.io/safe-to-evict": "true"},
         "ownerReferences": [{"kind": "StatefulSet", "name": "x", "controller": true}]}})",
     kPreferSpot},
    {"RestrictScaleDown", R"({"metadata": {"labels": {"spotinst.io/restrict-scale-down": "true"}}})",
     kOnDemand},
    {"TolerationOfSpotByName",
     R"({"metadata": {"ownerReferences": [{"kind": "StatefulSet", "name": "x", "controller": true}]},
         "spec": {"tolerations": [{"key": "kubernetes.azure.com/scalesetpriority", "operator": "Exists"}]}})",
     kPreferSpot},
    {"TolerationOfEverythingSaysNothing",
     R"({"metadata": {"ownerReferences": [{"kind": "StatefulSet", "name": "x", "controller": true}]},
         "spec": {"tolerations": [{"operator": "Exists"}]}})",
     kOnDemand},
    {"KubeSystem", R"({"metadata": {"namespace": "kube-system"}})", kOnDemand},
    {"SystemPriority", R"({"spec": {"priority": 2000000000}})", kOnDemand},
    {"IngressController", R"({"metadata": {"labels": {"app.kubernetes.io/name": "ingress-nginx"}}})",
     kOnDemand},
    {"GangOfALeaderWorkerSet",
     R"({"metadata": {"labels": {"muster.dev/gang": "g", "muster.dev/gang-size": "2"},
      "ownerReferences": [{"kind": "StatefulSet", "name": "x", "controller": true}]}})",
     kPreferSpot},
    {"NamespaceLabel", "{}", kOnDemand, false, {{"muster.dev/capacity", "on-demand"}}},
    {"NamespaceLabelThatIsNoPolicy", "{}", kPreferSpot, true, {{"muster.dev/capacity", "cheap"}}},
};

class PolicyTable : public testing::TestWithParam<Case> {};

TEST_P(PolicyTable, DecidesByTheFirstLineThatHolds) {
  const Case& c = GetParam();
  const PolicyChoice choice = PolicyOf(PodWith(c.change), c.ns, PolicyOptions());
  EXPECT_EQ(Word(choice.policy), Word(c.want)) << choice.because;
  EXPECT_EQ(choice.derived, c.derived) << choice.because;
}

INSTANTIATE_TEST_SUITE_P(Lines, PolicyTable, testing::ValuesIn(kCases),
                         [](const auto& info) { return info.param.name; });

TEST(PolicyOf, TheOperatorSpeaksForNamespacesAndKinds) {
  PolicyOptions options;
  options.namespaces = {{"shop", kSpot}};
  EXPECT_EQ(PolicyOf(PodWith("{}"), {}, options).policy, kSpot);
  EXPECT_EQ(PolicyOf(PodWith("{}"), {{"muster.dev/capacity", "on-demand"}}, options).policy, kOnDemand);
  options = PolicyOptions();
  options.kinds = {{"Deployment", kOnDemand}};
  EXPECT_EQ(PolicyOf(PodWith("{}"), {}, options).policy, kOnDemand);
  EXPECT_TRUE(PolicyOf(PodWith("{}"), {}, options).derived);
}

TEST(PolicyOf, NothingIsDerivedWhereTheOperatorWantsNone) {
  PolicyOptions options;
  options.derive = false;
  EXPECT_EQ(PolicyOf(PodWith("{}"), {}, options).policy, kAny);
  EXPECT_EQ(
      PolicyOf(PodWith(R"({"metadata": {"annotations": {"muster.dev/capacity": "spot"}}})"), {}, options)
          .policy,
      kSpot);
}

TEST(CapacityWish, WhatIsMalformedIsNamed) {
  const std::pair<const char*, const char*> cases[] = {
      {R"("muster.dev/capacity": "Spot")", "muster.dev/capacity is \"Spot\"; want any, spot, on-demand"},
      {R"("muster.dev/capacity-mix": "base=x")", "what is wrong is \"base=x\""},
      {R"("muster.dev/capacity-mix": "base=3,percent=101")", "what is wrong is \"percent=101\""},
      {R"("muster.dev/capacity-mix": "base=-1")", "what is wrong is \"base=-1\""},
      {R"("muster.dev/capacity-mix": "base=1,,")", "what is wrong is \"\""},
      {R"("muster.dev/capacity-mix": "count=nodes")", "what is wrong is \"count=nodes\""},
      {R"("muster.dev/capacity-leaders": "spot")", "want on-demand or same"},
      {R"("muster.dev/run-time": "-8h")", "muster.dev/run-time is \"-8h\"; want a duration"},
      {R"("muster.dev/checkpoint-interval": "often")", "muster.dev/checkpoint-interval is \"often\""},
  };
  for (const auto& [annotation, problem] : cases) {
    const Pod pod = PodWith(std::string(R"({"metadata": {"annotations": {)") + annotation + "}}}");
    EXPECT_NE(pod.capacity.problem.find(problem), std::string::npos)
        << annotation << ": " << pod.capacity.problem;
  }
}

TEST(CapacityWish, AMixIsRead) {
  const Pod pod = PodWith(
      R"({"metadata": {"annotations": {"muster.dev/capacity-mix": "base=3,percent=50,count=gpus,prefer,fallback=10m"}}})");
  EXPECT_EQ(pod.capacity.mix, (CapacityMix{3, 50, true, false, absl::Minutes(10)}));
}

TEST(Workload, APodOfADeploymentIsOfThatNotOfItsReplicaSet) {
  EXPECT_EQ(WorkloadOf(PodWith("{}")).text(), "shop/Deployment:web");
  EXPECT_EQ(WorkloadOf(PodWith(OwnedBy("StatefulSet"))).text(), "shop/StatefulSet:x");
  EXPECT_EQ(WorkloadOf(PodWith(R"({"metadata": {"ownerReferences": null}})")).text(),
            "shop/Pod:web-5d9c-abcde");
}

}  // namespace
}  // namespace muster
