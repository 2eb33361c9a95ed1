// SPDX-License-Identifier: Apache-2.0
// Grove's PodGangs.
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "scheduling/declare/assemble.h"
#include "scheduling/declare/ecosystems.h"
#include "test/support/builders.h"

namespace muster::declare {
namespace {

using testing::HasSubstr;

GangDeclaration Decoded(const std::string& spec) {
  const auto declaration = Grove().Decode(
      {{"metadata", {{"name", "sim-0"}, {"namespace", "default"}}}, {"spec", nlohmann::json::parse(spec)}});
  EXPECT_TRUE(declaration.ok()) << declaration.status();
  return declaration.value_or(GangDeclaration());
}

Pod PodOfClique(const std::string& clique, int index) {
  Pod pod = test::PodOf(absl::StrCat(clique, "-", index), 1);
  pod.labels = {{"grove.io/podgang", "sim-0"},
                {"grove.io/podclique", clique},
                {"grove.io/podclique-pod-index", absl::StrCat(index)}};
  pod.membership = Recognise({"default", pod.name.name(), pod.labels, {}, ""});
  return pod;
}

TEST(Grove, APodNamesItsPodGangItsCliqueAndItsIndex) {
  const Membership membership = *PodOfClique("sim-0-prefill", 3).membership;
  EXPECT_EQ(membership.gang.text(), "default/sim-0");
  EXPECT_EQ(membership.declared_by, "PodGang.scheduler.grove.io");
  EXPECT_EQ(membership.role, "sim-0-prefill");
  EXPECT_EQ(membership.rank, 3);
  EXPECT_TRUE(membership.needs_object);
}

TEST(Grove, TheMinimumIsThatOfAllPodGroups) {
  const GangDeclaration declaration = Decoded(
      R"({"podgroups": [{"name": "a", "minReplicas": 2, "podReferences": []}, {"name": "b", "minReplicas": 3}]})");
  EXPECT_EQ(declaration.problem, "");
  EXPECT_EQ(declaration.min_members, 5);
  EXPECT_EQ(declaration.subgroups.at(1).min_members, 3);
}

TEST(Grove, ConstraintsAreOfTheWholeOfSetsAndOfGroups) {
  ClusterView view;
  view.Upsert(Decoded(R"({"topologyConstraint": {"packConstraint": {"required": "zone"}},
    "topologyConstraintGroupConfigs": [{"name": "pd", "podGroupNames": ["p", "d"],
      "topologyConstraint": {"packConstraint": {"required": "block", "preferred": "rack"}}}],
    "podgroups": [{"name": "r", "minReplicas": 1}, {"name": "p", "minReplicas": 1,
      "topologyConstraint": {"packConstraint": {"preferred": "host"}}}, {"name": "d", "minReplicas": 1}]})"));
  for (const char* clique : {"r", "p", "d"}) view.Upsert(PodOfClique(clique, 0));
  const Gang gang = AssembleGang(view, GangId("default", "sim-0"));
  EXPECT_EQ(gang.problem, "");
  EXPECT_EQ(gang.topology.required, "zone");
  ASSERT_EQ(gang.subgroups.size(), 4u);
  EXPECT_EQ(gang.subgroups[0].name, "set/pd");
  EXPECT_EQ(gang.subgroups[0].topology.required, "block");
  EXPECT_EQ(gang.subgroups[0].topology.preferred, "rack");
  EXPECT_EQ(gang.subgroups[1].name, "d");
  EXPECT_EQ(gang.subgroups[1].parent, 0);
  EXPECT_EQ(gang.subgroups[2].name, "p");
  EXPECT_EQ(gang.subgroups[2].topology.preferred, "host");
  EXPECT_EQ(gang.subgroups[3].name, "r");
  EXPECT_EQ(gang.subgroups[3].parent, -1);
}

TEST(Grove, ProblemsNameTheField) {
  EXPECT_THAT(Decoded("{}").problem, HasSubstr("/spec/podgroups is missing; want a list"));
  EXPECT_THAT(Decoded(R"({"podgroups": [{"name": "a", "minReplicas": "2"}]})").problem,
              HasSubstr("/spec/podgroups/0/minReplicas is \"2\""));
  EXPECT_THAT(Decoded(R"({"podgroups": [{"minReplicas": 2}]})").problem,
              HasSubstr("/spec/podgroups/0/name is missing"));
  EXPECT_THAT(
      Decoded(R"({"topologyConstraint": {"pack": {}}, "podgroups": [{"name": "a", "minReplicas": 1}]})")
          .problem,
      HasSubstr("/spec/topologyConstraint/packConstraint is missing"));
  EXPECT_THAT(Decoded(R"({"topologyConstraintGroupConfigs": [{"podGroupNames": ["b"]}],
                          "podgroups": [{"name": "a", "minReplicas": 1}]})")
                  .problem,
              HasSubstr("/spec/topologyConstraintGroupConfigs/0/podGroupNames/0 is \"b\"; want a pod group"));
}

}  // namespace
}  // namespace muster::declare
