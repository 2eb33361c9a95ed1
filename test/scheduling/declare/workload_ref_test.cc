// SPDX-License-Identifier: Apache-2.0
// spec.workloadRef of Kubernetes 1.35.
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "scheduling/declare/ecosystems.h"

namespace muster::declare {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

Membership Recognised(const WorkloadReference& ref) {
  const Labels none;
  const auto membership = Recognise({"ml", "w-0", none, none, "", ref});
  EXPECT_TRUE(membership.has_value());
  return membership.value_or(Membership());
}

std::vector<GangDeclaration> Decoded(const std::string& spec) {
  const auto declarations = WorkloadRef().DecodeAll(
      {{"metadata", {{"name", "train"}, {"namespace", "ml"}}}, {"spec", nlohmann::json::parse(spec)}});
  EXPECT_TRUE(declarations.ok()) << declarations.status();
  return declarations.value_or(std::vector<GangDeclaration>());
}

TEST(WorkloadRef, APodNamesAWorkloadAndOneOfItsPodGroups) {
  const Membership membership = Recognised({"train", "workers", ""});
  EXPECT_EQ(membership.gang.text(), "ml/workload:train:workers");
  EXPECT_EQ(membership.object_id().text(), "ml/train:workers");
  EXPECT_EQ(membership.declared_by, "Workload.scheduling.k8s.io");
  EXPECT_TRUE(membership.needs_object);
}

TEST(WorkloadRef, EachReplicaOfAPodGroupIsAGangWithTheNumbersOfTheGroup) {
  const Membership membership = Recognised({"train", "workers", "r1"});
  EXPECT_EQ(membership.gang.text(), "ml/workload:train:workers:r1");
  EXPECT_EQ(membership.object_id().text(), "ml/train:workers");
}

TEST(WorkloadRef, EachPodGroupHasItsOwnPolicy) {
  const auto declarations = Decoded(R"({"podGroups": [{"name": "driver", "policy": {"basic": {}}},
    {"name": "workers", "policy": {"gang": {"minCount": 4}}}]})");
  ASSERT_EQ(declarations.size(), 2u);
  EXPECT_EQ(declarations[0].gang.text(), "ml/train:driver");
  EXPECT_FALSE(declarations[0].all_or_none);
  EXPECT_EQ(declarations[1].gang.text(), "ml/train:workers");
  EXPECT_EQ(declarations[1].min_members, 4);
  EXPECT_TRUE(declarations[1].all_or_none);
}

TEST(WorkloadRef, WorkloadsOfLaterVersionsDeclareNothing) {
  EXPECT_THAT(Decoded(R"({"podGroupTemplates": [{"name": "workers"}]})"), IsEmpty());
}

TEST(WorkloadRef, ProblemsNameTheFieldAndAreOfTheirPodGroupAlone) {
  EXPECT_THAT(Recognised({"train", "", ""}).problem, HasSubstr("/spec/workloadRef/podGroup is missing"));
  EXPECT_THAT(Recognised({"", "workers", ""}).problem, HasSubstr("/spec/workloadRef/name is missing"));
  const auto declarations = Decoded(R"({"podGroups": [{"name": "a", "policy": {"gang": {"minCount": 0}}},
    {"name": "b", "policy": {}}, {"name": "c", "policy": {"gang": {"minCount": 1}}}]})");
  ASSERT_EQ(declarations.size(), 3u);
  EXPECT_THAT(declarations[0].problem, HasSubstr("/spec/podGroups/0/policy/gang/minCount is 0"));
  EXPECT_THAT(declarations[1].problem, HasSubstr("/spec/podGroups/1/policy is {}; want gang or basic"));
  EXPECT_EQ(declarations[2].problem, "");
  const auto wrong = WorkloadRef().DecodeAll({{"metadata", {{"name", "t"}}}, {"spec", {{"podGroups", "x"}}}});
  EXPECT_THAT(wrong.status().message(), HasSubstr("/spec/podGroups is \"x\"; want a list"));
}

}  // namespace
}  // namespace muster::declare
