// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "scheduling/declare/ecosystem.h"

namespace muster::declare {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const Labels kGrouped = {{"kueue.x-k8s.io/pod-group-name", "train"}};

Membership Recognised(const Labels& labels, Labels annotations) {
  annotations.emplace("kueue.x-k8s.io/pod-group-total-count", "8");
  const auto membership = Recognise({"ml", "w-0", labels, annotations, ""});
  EXPECT_TRUE(membership.has_value());
  return membership.value_or(Membership());
}

TEST(KueuePods, GiveGangSizeAndRank) {
  Labels labels = kGrouped;
  labels["kueue.x-k8s.io/pod-group-pod-index"] = "3";
  const Membership membership = Recognised(labels, {});
  EXPECT_EQ(membership.gang.text(), "ml/train");
  EXPECT_EQ(membership.declared_by, "pod-group.kueue.x-k8s.io");
  EXPECT_EQ(membership.size, 8);
  EXPECT_EQ(membership.rank, 3);
  EXPECT_EQ(membership.problem, "");
}

TEST(KueuePods, AnAnnotationNamesTheLabelOfTheRankAndAnOffsetIsSubtracted) {
  Labels labels = kGrouped;
  labels["example.com/index"] = "5";
  const Membership membership =
      Recognised(labels, {{"kueue.x-k8s.io/pod-group-pod-index-label", "example.com/index"},
                          {"kueue.x-k8s.io/pod-index-offset", "2"}});
  EXPECT_EQ(membership.rank, 3);
}

TEST(KueuePods, ARankThatIsNoNumberIsNone) {
  Labels labels = kGrouped;
  labels["kueue.x-k8s.io/pod-group-pod-index"] = "first";
  EXPECT_EQ(Recognised(labels, {}).rank, std::nullopt);
  EXPECT_EQ(Recognised(labels, {}).problem, "");
}

TEST(KueueTopology, RequiredPreferredAndUnconstrainedAreOfTheGang) {
  EXPECT_EQ(Recognised(kGrouped, {{"kueue.x-k8s.io/podset-required-topology", "rack"}}).topology.required,
            "rack");
  EXPECT_EQ(Recognised(kGrouped, {{"kueue.x-k8s.io/podset-preferred-topology", "block"}}).topology.preferred,
            "block");
  EXPECT_TRUE(Recognised(kGrouped, {{"kueue.x-k8s.io/podset-unconstrained-topology", "true"}})
                  .topology.unconstrained);
}

TEST(KueueTopology, SlicesOfOneLayerAndOfSeveral) {
  EXPECT_THAT(Recognised(kGrouped, {{"kueue.x-k8s.io/podset-slice-required-topology", "rack"},
                                    {"kueue.x-k8s.io/podset-slice-size", "4"}})
                  .topology.slices,
              ElementsAre(SliceDemand{"rack", 4}));
  EXPECT_THAT(Recognised(kGrouped, {{"kueue.x-k8s.io/podset-slice-required-topology-constraints",
                                     R"([{"topology":"rack","size":4},{"topology":"host","size":2}])"}})
                  .topology.slices,
              ElementsAre(SliceDemand{"rack", 4}, SliceDemand{"host", 2}));
}

TEST(KueueTopology, IsOfTheSubgroupOfTheRoleWhereThereAreRoles) {
  const auto membership =
      Recognise({"ml",
                 "w-0",
                 {{"muster.dev/gang", "g"}, {"muster.dev/gang-size", "3"}, {"muster.dev/role", "worker"}},
                 {{"kueue.x-k8s.io/podset-required-topology", "rack"}},
                 ""});
  ASSERT_TRUE(membership.has_value());
  EXPECT_EQ(membership->topology, TopologyDemand());
  ASSERT_EQ(membership->subgroups.size(), 1u);
  EXPECT_EQ(membership->subgroups[0].name, "worker");
  EXPECT_EQ(membership->subgroups[0].topology.required, "rack");
}

TEST(KueueTopology, GivesWayToWhatTheDeclarationItselfAsksFor) {
  const auto membership = Recognise(
      {"ml",
       "w-0",
       {{"muster.dev/gang", "g"}, {"muster.dev/gang-size", "3"}},
       {{"kueue.x-k8s.io/podset-required-topology", "rack"}, {"muster.dev/topology-required", "host"}},
       ""});
  ASSERT_TRUE(membership.has_value());
  EXPECT_EQ(membership->topology.required, "host");
  EXPECT_THAT(membership->ignored, ElementsAre("podset-topology.kueue.x-k8s.io"));
}

struct ProblemCase {
  std::string name;
  Labels annotations;
  std::string want;
};
void PrintTo(const ProblemCase& c, std::ostream* out) { *out << c.name; }

class KueueProblem : public testing::TestWithParam<ProblemCase> {};

TEST_P(KueueProblem, NamesTheField) {
  EXPECT_THAT(Recognised(kGrouped, GetParam().annotations).problem, HasSubstr(GetParam().want));
}

INSTANTIATE_TEST_SUITE_P(
    Declare, KueueProblem,
    testing::Values(
        ProblemCase{"Count",
                    {{"kueue.x-k8s.io/pod-group-total-count", "many"}},
                    "kueue.x-k8s.io/pod-group-total-count is \"many\"; want a whole number from 1"},
        ProblemCase{"RequiredAndPreferred",
                    {{"kueue.x-k8s.io/podset-required-topology", "rack"},
                     {"kueue.x-k8s.io/podset-preferred-topology", "rack"}},
                    "want one of kueue.x-k8s.io/podset-required-topology"},
        ProblemCase{"Unconstrained",
                    {{"kueue.x-k8s.io/podset-unconstrained-topology", "yes"}},
                    "kueue.x-k8s.io/podset-unconstrained-topology is \"yes\"; want true or false"},
        ProblemCase{"SizeWithoutLevel",
                    {{"kueue.x-k8s.io/podset-slice-size", "4"}},
                    "podset-slice-size needs kueue.x-k8s.io/podset-slice-required-topology"},
        ProblemCase{"SizeZero",
                    {{"kueue.x-k8s.io/podset-slice-size", "0"},
                     {"kueue.x-k8s.io/podset-slice-required-topology", "rack"}},
                    "podset-slice-size is \"0\""},
        ProblemCase{"SizeThatDoesNotDivide",
                    {{"kueue.x-k8s.io/podset-slice-size", "3"},
                     {"kueue.x-k8s.io/podset-slice-required-topology", "rack"}},
                    "podset-slice-size is 3, which does not divide the 8 members"},
        ProblemCase{"LayersNoJson",
                    {{"kueue.x-k8s.io/podset-slice-required-topology-constraints", "[{"}},
                    "podset-slice-required-topology-constraints is \"[{\"; want JSON"},
        ProblemCase{
            "LayersWithoutSize",
            {{"kueue.x-k8s.io/podset-slice-required-topology-constraints", R"([{"topology":"rack"}])"}},
            "podset-slice-required-topology-constraints/0/size is missing"},
        ProblemCase{"LayersOfWrongType",
                    {{"kueue.x-k8s.io/podset-slice-required-topology-constraints",
                      R"([{"topology":"rack","size":"4"}])"}},
                    "constraints/0/size is \"4\"; want a whole number"},
        ProblemCase{"FourLayers",
                    {{"kueue.x-k8s.io/podset-slice-required-topology-constraints", "[1,2,3,4]"}},
                    "a list of up to 3"},
        ProblemCase{"LayersThatDoNotDivide",
                    {{"kueue.x-k8s.io/podset-slice-required-topology-constraints",
                      R"([{"topology":"rack","size":4},{"topology":"host","size":3}])"}},
                    "has layers of 4 and 3; want each a multiple of the next"},
        ProblemCase{"Offset", {{"kueue.x-k8s.io/pod-index-offset", "-1"}}, "pod-index-offset is \"-1\""}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace muster::declare
