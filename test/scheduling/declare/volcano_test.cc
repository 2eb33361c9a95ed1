// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "scheduling/declare/ecosystems.h"

namespace muster::declare {
namespace {

using nlohmann::json;
using testing::HasSubstr;

GangDeclaration Decoded(const std::string& spec) {
  const auto declaration =
      Volcano().Decode({{"metadata", {{"name", "train"}, {"namespace", "ml"}}}, {"spec", json::parse(spec)}});
  EXPECT_TRUE(declaration.ok()) << declaration.status();
  return declaration.value_or(GangDeclaration());
}

TEST(Volcano, APodOfAJobHasItsTaskAsRoleAndItsIndexAsRank) {
  const auto membership =
      Recognise({"ml",
                 "vj-worker-1",
                 {{"volcano.sh/task-spec", "worker"}, {"volcano.sh/task-index", "1"}},
                 {{"scheduling.k8s.io/group-name", "vj-1234"}, {"volcano.sh/task-spec", "worker"}},
                 ""});
  ASSERT_TRUE(membership.has_value());
  EXPECT_EQ(membership->gang.text(), "ml/vj-1234");
  EXPECT_EQ(membership->declared_by, "PodGroup.scheduling.volcano.sh");
  EXPECT_EQ(membership->role, "worker");
  EXPECT_EQ(membership->rank, 1);
  EXPECT_TRUE(membership->needs_object);
}

TEST(Volcano, TheOlderAnnotationNamesTheGroupToo) {
  EXPECT_EQ(Recognise({"ml", "w", {}, {{"scheduling.volcano.sh/group-name", "g"}}, ""})->gang.name(), "g");
}

TEST(Volcano, MinimumsAreOfTheGangAndOfTasks) {
  const GangDeclaration declaration =
      Decoded(R"({"minMember": 3, "minTaskMember": {"master": 1, "worker": 2}})");
  EXPECT_EQ(declaration.min_members, 3);
  ASSERT_EQ(declaration.subgroups.size(), 2u);
  EXPECT_EQ(declaration.subgroups[1].role, "worker");
  EXPECT_EQ(declaration.subgroups[1].min_members, 2);
}

TEST(Volcano, NoMinimumIsOfOne) { EXPECT_EQ(Decoded(R"({"minMember": 0})").min_members, 1); }

TEST(Volcano, HardNetworkTopologyRequiresATierAndSoftPrefersTheLowest) {
  EXPECT_EQ(Decoded(R"({"networkTopology": {"mode": "hard", "highestTierAllowed": 2}})").topology.required,
            "tier-2");
  EXPECT_EQ(Decoded(R"({"networkTopology": {"highestTierAllowed": 2}})").topology.required, "tier-2");
  EXPECT_EQ(Decoded(R"({"networkTopology": {"mode": "hard", "highestTierName": "rack"}})").topology.required,
            "rack");
  const TopologyDemand soft =
      Decoded(R"({"networkTopology": {"mode": "soft", "highestTierAllowed": 2}})").topology;
  EXPECT_EQ(soft.required, "");
  EXPECT_EQ(soft.preferred, "tier-1");
}

TEST(Volcano, ASubgroupPolicyIsAPartForEachValueOfItsKeys) {
  const GangDeclaration declaration = Decoded(R"({"subGroupPolicy": [{"name": "stages", "subGroupSize": 4,
    "minSubGroups": 2, "labelSelector": {"matchLabels": {"app": "x"}}, "matchLabelKeys": ["volcano.sh/partition-id"],
    "networkTopology": {"mode": "hard", "highestTierAllowed": 1}}]})");
  EXPECT_EQ(declaration.problem, "");
  ASSERT_EQ(declaration.subgroups.size(), 2u);
  EXPECT_EQ(declaration.subgroups[0].min_subgroups, 2);
  EXPECT_EQ(declaration.subgroups[1].parent, "stages");
  EXPECT_EQ(declaration.subgroups[1].min_members, 4);
  EXPECT_EQ(declaration.subgroups[1].topology.required, "tier-1");
}

struct ProblemCase {
  std::string name;
  std::string spec;
  std::string want;
};
void PrintTo(const ProblemCase& c, std::ostream* out) { *out << c.name; }

class VolcanoProblem : public testing::TestWithParam<ProblemCase> {};

TEST_P(VolcanoProblem, NamesTheField) {
  EXPECT_THAT(Decoded(GetParam().spec).problem, HasSubstr(GetParam().want));
}

INSTANTIATE_TEST_SUITE_P(
    Declare, VolcanoProblem,
    testing::Values(
        ProblemCase{"MinMember", R"({"minMember": "3"})",
                    "/spec/minMember of PodGroup.scheduling.volcano.sh ml/train"},
        ProblemCase{"Mode", R"({"networkTopology": {"mode": "firm"}})",
                    "/spec/networkTopology/mode is \"firm\""},
        ProblemCase{"Tier", R"({"networkTopology": {"highestTierAllowed": "2"}})",
                    "/spec/networkTopology/highestTierAllowed is \"2\"; want a whole number"},
        ProblemCase{"TierTwice",
                    R"({"networkTopology": {"highestTierAllowed": 2, "highestTierName": "rack"}})",
                    "/spec/networkTopology/highestTierName is \"rack\"; want none"},
        ProblemCase{"Tasks", R"({"minTaskMember": [1]})", "/spec/minTaskMember is [1]"},
        ProblemCase{"TaskMinimum", R"({"minTaskMember": {"worker": -1}})",
                    "/spec/minTaskMember/worker is -1"},
        ProblemCase{"Policy", R"({"subGroupPolicy": {}})", "/spec/subGroupPolicy is {}; want a list"},
        ProblemCase{"PolicySize", R"({"subGroupPolicy": [{"name": "a", "subGroupSize": 0}]})",
                    "/spec/subGroupPolicy/0/subGroupSize is 0"}),
    [](const auto& info) { return info.param.name; });

std::string StagesOf(const std::string& tasks) {
  const auto job = VolcanoJob().Decode(
      {{"metadata", {{"name", "train"}, {"namespace", "ml"}}}, {"spec", {{"tasks", json::parse(tasks)}}}});
  EXPECT_TRUE(job.ok()) << job.status();
  std::string text = job->problem;
  for (const SubgroupSpec& part : job->subgroups) {
    text += part.name + " " + std::to_string(part.stage) + " of " + std::to_string(*part.min_members) + "; ";
  }
  return text;
}

TEST(VolcanoJob, TasksThatDependOnOthersAreLaterStagesInWhateverOrderTheyStand) {
  EXPECT_EQ(
      StagesOf(R"([{"name": "c", "dependsOn": {"name": ["b"]}}, {"name": "b", "dependsOn": {"name": ["a"]}},
                         {"name": "a", "replicas": 3, "minAvailable": 2}])"),
      "c 2 of 1; b 1 of 1; a 0 of 2; ");
  const std::string both = R"([{"name": "a"}, {"name": "b", "dependsOn": {"name": ["a"]}},
                               {"name": "c", "dependsOn": {"name": ["a", "b"], "iteration": ")";
  EXPECT_EQ(StagesOf(both + R"(all"}}])"), "a 0 of 1; b 1 of 1; c 2 of 1; ");
  EXPECT_EQ(StagesOf(both + R"(any"}}])"), "a 0 of 1; b 1 of 1; c 1 of 1; ");
}

TEST(VolcanoJob, TasksThatDependOnNobodyOrOnEachOtherEndTheSearch) {
  EXPECT_THAT(StagesOf(R"([{"name": "a", "dependsOn": {"name": ["gone"]}}, {}])"),
              HasSubstr("/spec/tasks/0/dependsOn/name/0 is \"gone\"; want the name of a task"));
  EXPECT_EQ(StagesOf(R"([{"name": "a", "dependsOn": {"name": ["default1"]}}, {}])"),
            "a 1 of 1; default1 0 of 1; ");
  EXPECT_THAT(
      StagesOf(
          R"([{"name": "a", "dependsOn": {"name": ["b"]}}, {"name": "b", "dependsOn": {"name": ["a"]}}])"),
      HasSubstr("a "));
  EXPECT_THAT(StagesOf(R"([{"name": "a", "replicas": -1}])"), HasSubstr("/spec/tasks/0/replicas is -1"));
}

}  // namespace
}  // namespace muster::declare
