// SPDX-License-Identifier: Apache-2.0
// RayClusters.
#include <string>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "scheduling/declare/assemble.h"
#include "scheduling/declare/ecosystems.h"
#include "test/support/builders.h"
#include "test/support/declared.h"

namespace muster::declare {
namespace {

using nlohmann::json;
using test::Decoded;
using test::PodWith;
using testing::HasSubstr;

TEST(Ray, IsAGangOnlyWithTheLabelOfItsCluster) {
  const std::string spec =
      R"({"workerGroupSpecs": [{"replicas": 2, "numOfHosts": 4}, {"replicas": 1, "suspend": true}]})";
  EXPECT_FALSE(Decoded(Ray(), spec).all_or_none);
  const GangDeclaration declaration =
      Decoded(Ray(), spec, {{"labels", {{"ray.io/gang-scheduling-enabled", ""}}}});
  EXPECT_TRUE(declaration.all_or_none);
  EXPECT_EQ(declaration.min_members, 9);
}

TEST(Ray, AnAutoscaledClusterNeedsItsLeastWorkers) {
  const GangDeclaration declaration = Decoded(
      Ray(), R"({"enableInTreeAutoscaling": true, "workerGroupSpecs": [{"replicas": 5, "minReplicas": 2}]})",
      {{"labels", {{"ray.io/gang-scheduling-enabled", "true"}}}});
  EXPECT_EQ(declaration.min_members, 3);
  EXPECT_EQ(declaration.size, std::nullopt);
}

TEST(Ray, ReplicasAreKeptBetweenTheLeastAndTheMost) {
  const auto members = [](const std::string& group) {
    return Decoded(Ray(), R"({"workerGroupSpecs": [)" + group + "]}",
                   {{"labels", {{"ray.io/gang-scheduling-enabled", ""}}}})
        .min_members;
  };
  EXPECT_EQ(members(R"({"replicas": 1, "minReplicas": 3})"), 4);
  EXPECT_EQ(members(R"({"replicas": 9, "maxReplicas": 2147483647})"), 10);
  EXPECT_EQ(members(R"({"replicas": 9, "maxReplicas": 4})"), 5);
  EXPECT_EQ(members(R"({"replicas": 1, "minReplicas": 6, "maxReplicas": 5})"), 6);
}

TEST(Ray, EachReplicaOfSeveralHostsIsASubgroup) {
  ClusterView view;
  GangDeclaration declaration = Decoded(
      Ray(),
      R"({"workerGroupSpecs": [{"groupName": "slice", "replicas": 2, "numOfHosts": 2}, {"groupName": "cpu", "replicas": 1}]})",
      {{"labels", {{"ray.io/gang-scheduling-enabled", ""}}}});
  view.Upsert(declaration);
  view.Upsert(PodWith("head", {{"ray.io/cluster", "train"}, {"ray.io/group", "headgroup"}}));
  view.Upsert(PodWith(
      "cpu",
      {{"ray.io/cluster", "train"}, {"ray.io/group", "cpu"}, {"ray.io/worker-group-replica-index", "0"}}));
  for (const auto& [replica, host] : {std::pair{"1", "0"}, {"0", "1"}, {"0", "0"}, {"1", "1"}}) {
    view.Upsert(
        PodWith(absl::StrCat("slice-", replica, "-", host), {{"ray.io/cluster", "train"},
                                                             {"ray.io/group", "slice"},
                                                             {"ray.io/worker-group-replica-index", replica},
                                                             {"ray.io/replica-host-index", host}}));
  }
  const Gang gang = AssembleGang(view, GangId("default", "raycluster:train"));
  EXPECT_EQ(gang.problem, "");
  EXPECT_EQ(gang.min_members, 6);
  ASSERT_EQ(gang.subgroups.size(), 4u);
  EXPECT_EQ(gang.subgroups[0].name, "headgroup");
  EXPECT_EQ(gang.subgroups[1].name, "slice");
  EXPECT_EQ(gang.subgroups[1].min_subgroups, 2);
  EXPECT_EQ(gang.subgroups[2].name, "slice/replica-0");
  EXPECT_EQ(gang.subgroups[2].min_members, 2);
  ASSERT_EQ(gang.subgroups[3].members.size(), 2u);
  EXPECT_EQ(gang.members[gang.subgroups[3].members[0]]->name.name(), "slice-1-0");
}

TEST(Ray, WithoutIndicesOfReplicasTheNumbersOfTheGangCountAlone) {
  ClusterView view;
  view.Upsert(Decoded(Ray(),
                      R"({"workerGroupSpecs": [{"groupName": "slice", "replicas": 1, "numOfHosts": 2}]})",
                      {{"labels", {{"ray.io/gang-scheduling-enabled", ""}}}}));
  for (const char* name : {"a", "b"}) {
    view.Upsert(PodWith(name, {{"ray.io/cluster", "train"}, {"ray.io/group", "slice"}}));
  }
  const Gang gang = AssembleGang(view, GangId("default", "raycluster:train"));
  EXPECT_EQ(gang.min_members, 3);
  ASSERT_EQ(gang.subgroups.size(), 1u);
  EXPECT_EQ(gang.subgroups[0].name, "headgroup");
  EXPECT_TRUE(gang.subgroups[0].members.empty());
}

TEST(Ray, WrongTypesNameThePath) {
  const json metadata = {{"labels", {{"ray.io/gang-scheduling-enabled", ""}}}};
  EXPECT_THAT(Decoded(Ray(), R"({"workerGroupSpecs": [{"replicas": "2"}]})", metadata).problem,
              HasSubstr("/spec/workerGroupSpecs/0/replicas is \"2\""));
  EXPECT_THAT(Decoded(Ray(), R"({"enableInTreeAutoscaling": "yes"})", metadata).problem,
              HasSubstr("/spec/enableInTreeAutoscaling is \"yes\"; want true or false"));
}

}  // namespace
}  // namespace muster::declare
