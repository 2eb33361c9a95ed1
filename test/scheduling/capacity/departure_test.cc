// SPDX-License-Identifier: Apache-2.0
#include "scheduling/capacity/departure.h"

#include <optional>
#include <string>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "server/objects/objects.h"

namespace muster {
namespace {

Node Decoded(const std::string& metadata, const std::string& spec, const std::string& status) {
  return DecodeNode(nlohmann::json::parse(R"({"metadata": {"name": "n")" + metadata + R"(}, "spec": {)" +
                                          spec + R"(}, "status": {)" + status + "}}"))
      .value();
}

std::string TaintOf(const std::string& key, const std::string& value = "") {
  return R"("taints": [{"key": ")" + key + R"(", "value": ")" + value + R"(", "effect": "NoSchedule"}])";
}

absl::Time Seen() { return absl::FromUnixSeconds(1'800'000'000); }

struct Case {
  std::string name;
  Node node;
  std::string signal;                  // empty: none
  std::optional<absl::Duration> left;  // after Seen()
  bool reclaimed = false;
};

std::vector<Case> Cases() {
  const auto condition = [](const std::string& type, const std::string& status) {
    return R"("conditions": [{"type": "Ready", "status": "True"}, {"type": ")" + type + R"(", "status": ")" +
           status + R"(", "lastTransitionTime": "2027-01-15T07:59:50Z"}])";
  };
  return {
      {"AwsSpotInterruption", Decoded("", TaintOf("aws-node-termination-handler/spot-itn", "event-1"), ""),
       "taint aws-node-termination-handler/spot-itn", absl::Seconds(120), true},
      {"AwsRebalance", Decoded("", TaintOf("aws-node-termination-handler/rebalance-recommendation"), ""),
       "taint aws-node-termination-handler/rebalance-recommendation", std::nullopt, true},
      {"AwsMaintenance", Decoded("", TaintOf("aws-node-termination-handler/scheduled-maintenance"), ""),
       "taint aws-node-termination-handler/scheduled-maintenance", std::nullopt},
      {"AwsAutoScalingGroup",
       Decoded("", TaintOf("aws-node-termination-handler/asg-lifecycle-termination"), ""),
       "taint aws-node-termination-handler/asg-lifecycle-termination", std::nullopt},
      {"AwsLabel",
       Decoded(R"(, "labels": {"aws-node-termination-handler/action": "cordon-and-drain",
                               "aws-node-termination-handler/action-time": "1799999990"})",
               "", ""),
       "label aws-node-termination-handler/action", std::nullopt},
      {"Karpenter", Decoded("", TaintOf("karpenter.sh/disrupted"), ""), "taint karpenter.sh/disrupted",
       std::nullopt},
      {"KarpenterWithItsDeadline",
       Decoded(R"(, "annotations": {"karpenter.sh/nodeclaim-termination-timestamp": "2027-01-15T08:05:00Z"})",
               TaintOf("karpenter.sh/disrupted"), ""),
       "taint karpenter.sh/disrupted", absl::Minutes(5)},
      {"KarpenterDeadlineAlone",
       Decoded(R"(, "annotations": {"karpenter.sh/nodeclaim-termination-timestamp": "2027-01-15T08:05:00Z"})",
               "", ""),
       "annotation karpenter.sh/nodeclaim-termination-timestamp", absl::Minutes(5)},
      {"KarpenterDeadlineThatIsNone",
       Decoded(R"(, "annotations": {"karpenter.sh/nodeclaim-termination-timestamp": "soon"})", "", ""), "",
       std::nullopt},
      {"KarpenterNotRegistered", Decoded("", TaintOf("karpenter.sh/unregistered"), ""),
       "taint karpenter.sh/unregistered", std::nullopt},
      {"Gke", Decoded("", TaintOf("cloud.google.com/impending-node-termination"), ""),
       "taint cloud.google.com/impending-node-termination", absl::Seconds(30), true},
      {"AksPreempt", Decoded("", "", condition("PreemptScheduled", "True")), "condition PreemptScheduled",
       absl::Seconds(20), true},
      {"AksPreemptThatIsOver", Decoded("", "", condition("PreemptScheduled", "False")), "", std::nullopt},
      {"AksTerminate", Decoded("", "", condition("TerminateScheduled", "True")),
       "condition TerminateScheduled", absl::Seconds(290)},
      {"AksRedeploy", Decoded("", "", condition("RedeployScheduled", "True")), "condition RedeployScheduled",
       absl::Seconds(590)},
      {"AksReboot", Decoded("", "", condition("RebootScheduled", "True")), "condition RebootScheduled",
       absl::Seconds(890)},
      {"AksFreezeStays", Decoded("", "", condition("FreezeScheduled", "True")), "", std::nullopt},
      {"AksUmbrellaSaysNothing", Decoded("", "", condition("VMEventScheduled", "True")), "", std::nullopt},
      {"ClusterAutoscaler", Decoded("", TaintOf("ToBeDeletedByClusterAutoscaler", "1799999990"), ""),
       "taint ToBeDeletedByClusterAutoscaler", std::nullopt},
      {"ClusterAutoscalerOnlyThinksOfIt",
       Decoded("", TaintOf("DeletionCandidateOfClusterAutoscaler", "1"), ""), "", std::nullopt},
      {"OutOfService", Decoded("", TaintOf("node.kubernetes.io/out-of-service", "nodeshutdown"), ""),
       "taint node.kubernetes.io/out-of-service", std::nullopt},
      {"Shutdown", Decoded("", TaintOf("node.cloudprovider.kubernetes.io/shutdown"), ""),
       "taint node.cloudprovider.kubernetes.io/shutdown", std::nullopt},
      {"CordonedOnly", Decoded("", R"("unschedulable": true)", ""), "", std::nullopt},
      {"TaintOfTheOperator", Decoded("", TaintOf("dedicated", "gpu"), ""), "", std::nullopt},
  };
}

class SignsOfDeparture : public testing::TestWithParam<Case> {};

TEST_P(SignsOfDeparture, AreFoundWithTheTimeThatIsLeft) {
  const Case& c = GetParam();
  ASSERT_EQ(c.node.departure.has_value(), !c.signal.empty());
  if (c.signal.empty()) return;
  EXPECT_EQ(c.node.departure->signal, c.signal);
  EXPECT_EQ(c.node.departure->reclaimed, c.reclaimed);
  const auto deadline = DeadlineOf(*c.node.departure, Seen());
  ASSERT_EQ(deadline.has_value(), c.left.has_value());
  if (c.left.has_value()) {
    EXPECT_EQ(*deadline - Seen(), *c.left);
  }
}

INSTANTIATE_TEST_SUITE_P(OfEveryProvider, SignsOfDeparture, testing::ValuesIn(Cases()),
                         [](const auto& info) { return info.param.name; });

TEST(DepartureOf, OfSeveralSignsTheOneWithTheLeastTimeCounts) {
  NodeSigns signs;
  signs.taints = {{"karpenter.sh/disrupted", "", TaintEffect::kNoSchedule},
                  {"aws-node-termination-handler/spot-itn", "", TaintEffect::kNoSchedule}};
  signs.conditions = {{"PreemptScheduled", std::nullopt}};
  EXPECT_EQ(DepartureOf(signs)->signal, "condition PreemptScheduled");
}

TEST(DepartureOf, ANewNodeIsNotLeaving) {
  const Node node = Decoded("", TaintOf("node.cloudprovider.kubernetes.io/uninitialized", "true"), "");
  ASSERT_TRUE(node.departure.has_value());
  EXPECT_FALSE(node.departure->leaving);
}

TEST(DepartureOf, ADeletionCandidateIsKnownAsSuch) {
  EXPECT_TRUE(Decoded("", TaintOf("DeletionCandidateOfClusterAutoscaler", "1"), "").deletion_candidate);
  EXPECT_FALSE(Decoded("", TaintOf("karpenter.sh/disrupted"), "").deletion_candidate);
}

}  // namespace
}  // namespace muster
