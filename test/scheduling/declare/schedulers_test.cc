// SPDX-License-Identifier: Apache-2.0
// Gangs as other schedulers have them declared: KAI, Koordinator, YuniKorn.
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "scheduling/declare/ecosystems.h"

namespace muster::declare {
namespace {

using nlohmann::json;
using testing::HasSubstr;

GangDeclaration Decoded(const Ecosystem& ecosystem, const std::string& spec,
                        const json& annotations = json::object()) {
  const auto declaration =
      ecosystem.Decode({{"metadata", {{"name", "train"}, {"namespace", "ml"}, {"annotations", annotations}}},
                        {"spec", json::parse(spec)}});
  EXPECT_TRUE(declaration.ok()) << declaration.status();
  return declaration.value_or(GangDeclaration());
}

Membership Recognised(const Labels& labels, const Labels& annotations) {
  const auto membership = Recognise({"ml", "w-0", labels, annotations, ""});
  EXPECT_TRUE(membership.has_value());
  return membership.value_or(Membership());
}

TEST(Kai, APodNamesItsGroupAndItsSubgroup) {
  const Membership membership =
      Recognised({{"kai.scheduler/subgroup-name", "decode"}}, {{"pod-group-name", "pg"}});
  EXPECT_EQ(membership.gang.text(), "ml/pg");
  EXPECT_EQ(membership.declared_by, "PodGroup.scheduling.run.ai");
  EXPECT_EQ(membership.role, "decode");
  EXPECT_TRUE(membership.needs_object);
}

TEST(Kai, ParentsComeFirstAndHaveTheMembersOfTheirParts) {
  const GangDeclaration declaration = Decoded(Kai(), R"({"minMember": 3, "subGroups": [
    {"name": "leaf", "parent": "root", "minMember": 2}, {"name": "root", "minSubGroup": 1}]})");
  EXPECT_EQ(declaration.problem, "");
  EXPECT_EQ(declaration.min_members, 3);
  ASSERT_EQ(declaration.subgroups.size(), 2u);
  EXPECT_EQ(declaration.subgroups[0].name, "root");
  EXPECT_EQ(declaration.subgroups[0].min_subgroups, 1);
  EXPECT_THAT(declaration.subgroups[0].selector.front().values, testing::ElementsAre("root", "leaf"));
  EXPECT_EQ(declaration.subgroups[1].min_members, 2);
}

TEST(Kai, TopologyIsOfTheWholeAndOfSubgroups) {
  const GangDeclaration declaration = Decoded(Kai(), R"({"minMember": 1,
    "topologyConstraint": {"topology": "t", "preferredTopologyLevel": "zone"},
    "subGroups": [{"name": "a", "topologyConstraint": {"topology": "u", "requiredTopologyLevel": "rack"}}]})");
  EXPECT_EQ(declaration.topology.topology, "t");
  EXPECT_EQ(declaration.topology.preferred, "zone");
  EXPECT_EQ(declaration.subgroups[0].topology.topology, "u");
  EXPECT_EQ(declaration.subgroups[0].topology.required, "rack");
}

TEST(Kai, WithoutAMinimumItIsThatOfTheSubgroups) {
  EXPECT_EQ(Decoded(Kai(), R"({"subGroups": [{"name": "a", "minMember": 2}, {"name": "b", "minMember": 3}]})")
                .min_members,
            5);
}

TEST(Kai, ProblemsNameTheField) {
  EXPECT_THAT(Decoded(Kai(), R"({"minMember": "3"})").problem, HasSubstr("/spec/minMember is \"3\""));
  EXPECT_THAT(Decoded(Kai(), R"({"subGroups": [{"name": "a", "parent": "b"}]})").problem,
              HasSubstr("want a parent for a that exists"));
  EXPECT_THAT(Decoded(Kai(), R"({"subGroups": [{"name": "a", "parent": "b"}, {"name": "b", "parent": "a"}]})")
                  .problem,
              HasSubstr("/spec/subGroups"));
  EXPECT_THAT(Decoded(Kai(), R"({"subGroups": [{"minMember": 1}]})").problem,
              HasSubstr("/spec/subGroups/0/name is missing"));
}

TEST(Koordinator, AnnotationsAloneOrALabelAndAPodGroup) {
  const Membership alone = Recognised({}, {{"gang.scheduling.koordinator.sh/name", "g"},
                                           {"gang.scheduling.koordinator.sh/min-available", "3"},
                                           {"gang.scheduling.koordinator.sh/total-number", "4"},
                                           {"gang.scheduling.koordinator.sh/waiting-time", "10m"},
                                           {"gang.scheduling.koordinator.sh/network-topology-index", "2"}});
  EXPECT_EQ(alone.problem, "");
  EXPECT_EQ(alone.min_members, 3);
  EXPECT_EQ(alone.size, 4);
  EXPECT_EQ(alone.deadline, absl::Minutes(10));
  EXPECT_EQ(alone.rank, 2);
  EXPECT_FALSE(alone.needs_object);
  EXPECT_TRUE(Recognised({{"pod-group.scheduling.sigs.k8s.io", "g"}}, {}).needs_object);
}

TEST(Koordinator, TheTopologyIsAnAnnotationOfThePodGroup) {
  const GangDeclaration declaration = Decoded(
      Koordinator(), R"({"minMember": 2})",
      {{"gang.scheduling.koordinator.sh/network-topology-spec",
        R"({"gatherStrategy": [{"layer": "spine", "strategy": "MustGather"}, {"layer": "block", "strategy": "PreferGather", "podCountMultiple": 4}]})"}});
  EXPECT_EQ(declaration.problem, "");
  EXPECT_EQ(declaration.topology.required, "spine");
  EXPECT_EQ(declaration.topology.preferred, "block");
  EXPECT_THAT(declaration.topology.slices, testing::ElementsAre(SliceDemand{"block", 4}));
}

TEST(Koordinator, ProblemsNameTheField) {
  const std::string prefix = "gang.scheduling.koordinator.sh/";
  EXPECT_THAT(Recognised({}, {{prefix + "name", "g"}}).problem, HasSubstr("min-available beside it"));
  EXPECT_THAT(
      Recognised({},
                 {{prefix + "name", "g"}, {prefix + "min-available", "3"}, {prefix + "total-number", "2"}})
          .problem,
      HasSubstr("min-available is 3, more than gang.scheduling.koordinator.sh/total-number, 2"));
  const auto groups = [&](const std::string& text) {
    return Recognised({},
                      {{prefix + "name", "g"}, {prefix + "min-available", "3"}, {prefix + "groups", text}});
  };
  EXPECT_THAT(groups(R"(["ml/b","ml/c"])").problem,
              HasSubstr("groups is \"[\"ml/b\",\"ml/c\"]\"; want ml/g among"));
  EXPECT_THAT(groups(R"(["g"])").problem, HasSubstr("names of the form namespace/name"));
  EXPECT_THAT(groups("[1]").problem, HasSubstr("names of the form namespace/name"));
  std::string many = "\"ml/g\"";
  for (int i = 0; i < 100; ++i) many += ",\"ml/" + std::to_string(i) + "\"";
  EXPECT_THAT(groups("[" + many + "]").problem, HasSubstr("want at most 100 names"));
  EXPECT_EQ(groups(R"(["ml/g"])").group, GroupLink()) << "alone it is no group";
  EXPECT_THAT(groups(R"(["ml/g","ml/b","ml/g"])").group.gangs,
              testing::ElementsAre(GangId("ml", "b"), GangId("ml", "g")));
  EXPECT_THAT(
      Recognised({}, {{prefix + "name", "g"}, {prefix + "min-available", "3"}, {prefix + "groups", "a"}})
          .problem,
      HasSubstr("groups is \"a\"; want JSON"));
  EXPECT_THAT(
      Recognised({},
                 {{prefix + "name", "g"}, {prefix + "min-available", "3"}, {prefix + "waiting-time", "x"}})
          .problem,
      HasSubstr("waiting-time is \"x\""));
  EXPECT_THAT(
      Decoded(Koordinator(), R"({"minMember": 2})", {{prefix + "network-topology-spec", "{"}}).problem,
      HasSubstr("network-topology-spec is \"{\"; want JSON"));
  EXPECT_THAT(Decoded(Koordinator(), R"({"minMember": 2})",
                      {{prefix + "network-topology-spec",
                        R"({"gatherStrategy": [{"layer": "a", "strategy": "Maybe"}]})"}})
                  .problem,
              HasSubstr("/gatherStrategy/0/strategy is \"Maybe\""));
}

const char* const kGroups = R"([{"name": "head", "minMember": 1}, {"name": "gpu", "minMember": 2}])";

TEST(YuniKorn, TheMinimumIsThatOfAllTaskGroups) {
  const Membership membership = Recognised(
      {{"applicationId", "app"}},
      {{"yunikorn.apache.org/task-group-name", "gpu"}, {"yunikorn.apache.org/task-groups", kGroups}});
  EXPECT_EQ(membership.problem, "");
  EXPECT_EQ(membership.gang.text(), "ml/app");
  EXPECT_EQ(membership.role, "gpu");
  EXPECT_EQ(membership.min_members, 3);
  ASSERT_EQ(membership.parts.size(), 2u);
  EXPECT_EQ(membership.parts[1].min_members, 2);
}

TEST(YuniKorn, ProblemsNameTheField) {
  const auto problem = [](const Labels& labels, const std::string& groups) {
    return Recognised(labels, {{"yunikorn.apache.org/task-group-name", "gpu"},
                               {"yunikorn.apache.org/task-groups", groups}})
        .problem;
  };
  EXPECT_THAT(problem({}, kGroups), HasSubstr("needs yunikorn.apache.org/app-id beside it"));
  EXPECT_THAT(problem({{"applicationId", "a"}}, "[{"),
              HasSubstr("yunikorn.apache.org/task-groups is \"[{\"; want JSON"));
  EXPECT_THAT(problem({{"applicationId", "a"}}, R"([{"name": "gpu", "minMember": "2"}])"),
              HasSubstr("task-groups/0/minMember is \"2\""));
}

}  // namespace
}  // namespace muster::declare
