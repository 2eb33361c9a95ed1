// SPDX-License-Identifier: Apache-2.0
#include "scheduling/topology/hyper_node_tree.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "scheduling/topology/build_topologies.h"
#include "scheduling/topology/hyper_node_members.h"
#include "scheduling/topology/levels.h"
#include "test/support/builders.h"
#include "test/support/fabric.h"
#include "test/support/hyper_nodes.h"

namespace muster {
namespace {

using test::HyperNodeNamed;
using test::HyperNodeOf;
using test::NodeNamed;
using test::NodesLike;
using test::NodesWith;
using testing::ElementsAre;
using testing::HasSubstr;
using Op = LabelRequirement::Op;

absl::StatusOr<HyperNodeTree> Build(const std::vector<TopologyObject>& objects, const test::Fabric& fabric) {
  return BuildHyperNodeTree(test::Pointers(objects), fabric.nodes());
}

// The path of each node.
std::vector<std::string> Paths(const DomainTree& tree) {
  std::vector<std::string> paths;
  for (int32_t n = 0; n < tree.node_count(); ++n) paths.push_back(tree.PathOf(tree.DeepestOf(n)));
  return paths;
}

test::Fabric Nodes(size_t count) { return test::Fabric(std::vector<Labels>(count)); }

TEST(HyperNodeTree, TiersAreLevelsAndTheClusterIsAboveThem) {
  const auto built = Build({HyperNodeOf("rack-a", 1, {NodeNamed("n0"), NodeNamed("n1")}, "rack"),
                            HyperNodeOf("rack-b", 1, {NodeNamed("n2")}, "rack"),
                            HyperNodeOf("spine", 2, {HyperNodeNamed("rack-a"), HyperNodeNamed("rack-b")})},
                           Nodes(4));
  ASSERT_TRUE(built.ok()) << built.status();
  EXPECT_EQ(LevelNames(built->tree.levels()), "tier-3 > tier-2 > rack");
  EXPECT_THAT(Paths(built->tree),
              ElementsAre("cluster/spine/rack-a", "cluster/spine/rack-a", "cluster/spine/rack-b", "cluster"));
  EXPECT_EQ(built->missing, "");
}

TEST(HyperNodeTree, AnInnerHyperNodeWithoutAnOuterOneIsAloneThere) {
  const auto built =
      Build({HyperNodeOf("alone", 1, {NodeNamed("n0")}), HyperNodeOf("far", 1, {NodeNamed("n1")}),
             HyperNodeOf("middle", 2, {NodeNamed("n2")}),
             HyperNodeOf("top", 3, {HyperNodeNamed("far"), NodeNamed("n3")})},
            Nodes(4));
  ASSERT_TRUE(built.ok()) << built.status();
  EXPECT_THAT(Paths(built->tree), ElementsAre("cluster/alone/alone/alone", "cluster/top/far/far",
                                              "cluster/middle/middle", "cluster/top"));
}

TEST(HyperNodeTree, TierNumbersMeanTheFarthestLevelThatIsAllowed) {
  const auto built = Build(
      {HyperNodeOf("a", 2, {NodeNamed("n0")}, "leaf"), HyperNodeOf("b", 4, {HyperNodeNamed("a")})}, Nodes(1));
  ASSERT_TRUE(built.ok()) << built.status();
  const auto find = [&](absl::string_view text) {
    const auto level = FindLevel(built->tree.levels(), text);
    return level.ok() ? built->tree.levels()[*level].name : "none";
  };
  EXPECT_EQ(find("tier-1"), "none");
  EXPECT_EQ(find("tier-2"), "leaf");
  EXPECT_EQ(find("leaf"), "leaf");
  EXPECT_EQ(find("tier-3"), "leaf");
  EXPECT_EQ(find("tier-4"), "tier-4");
  EXPECT_EQ(find("tier-5"), "tier-5");
  EXPECT_EQ(find("tier-99"), "tier-5");
  EXPECT_EQ(find("spine"), "none");
}

TEST(HyperNodeTree, PatternsAndLabelsFindNodes) {
  const test::Fabric fabric({{{"rack", "r1"}}, {{"rack", "r2"}}, {{"rack", "r2"}, {"old", "yes"}}, {}, {}});
  const auto built = Build(
      {HyperNodeOf("a", 1,
                   {NodesWith({{"rack", Op::kIn, {"r1", "r2", "r2"}}, {"old", Op::kDoesNotExist, {}}})}),
       HyperNodeOf("b", 1, {NodesLike("[3-4]")}), HyperNodeOf("c", 2, {NodesLike("^n2$"), NodesLike("^x")}),
       HyperNodeOf("d", 3, {NodesWith({})})},
      fabric);
  ASSERT_FALSE(built.ok());
  EXPECT_THAT(built.status().message(),
              HasSubstr("node n0 is in both HyperNode a of tier 1 and HyperNode d"));
  const auto without = Build(
      {HyperNodeOf("a", 1,
                   {NodesWith({{"rack", Op::kIn, {"r1", "r2", "r2"}}, {"old", Op::kDoesNotExist, {}}})}),
       HyperNodeOf("b", 1, {NodesLike("[3-4]")}), HyperNodeOf("c", 2, {NodesLike("^n2$"), NodesLike("^x")}),
       HyperNodeOf("d", 3, {NodesWith({}), HyperNodeNamed("a"), HyperNodeNamed("b"), HyperNodeNamed("c")})},
      fabric);
  ASSERT_TRUE(without.ok()) << without.status();
  EXPECT_THAT(Paths(without->tree),
              ElementsAre("cluster/d/a/a", "cluster/d/a/a", "cluster/d/c", "cluster/d/b/b", "cluster/d/b/b"));
}

TEST(HyperNodeTree, MembersThatDoNotExistAreCountedAndTheRestStands) {
  const auto built = Build({HyperNodeOf("a", 1, {NodeNamed("n0"), NodeNamed("gone-1"), NodeNamed("gone-2")}),
                            HyperNodeOf("s", 2, {HyperNodeNamed("a"), HyperNodeNamed("b")})},
                           Nodes(1));
  ASSERT_TRUE(built.ok()) << built.status();
  EXPECT_THAT(Paths(built->tree), ElementsAre("cluster/s/a"));
  EXPECT_EQ(built->missing, "3 members do not exist, such as HyperNode b of HyperNode s of tier 2");
}

struct Bad {
  std::string name;
  std::vector<TopologyObject> objects;
  std::string want;
};

std::vector<TopologyObject> SeventeenTiers() {
  std::vector<TopologyObject> objects;
  for (int64_t tier = 1; tier <= 17; ++tier)
    objects.push_back(HyperNodeOf(absl::StrCat("h", tier), tier, {}));
  return objects;
}

TopologyObject Malformed() {
  TopologyObject object = HyperNodeOf("a", 1, {});
  object.problem = "/spec/tier is \"x\"";
  return object;
}

class BadHyperNodes : public testing::TestWithParam<Bad> {};

TEST_P(BadHyperNodes, AreRefusedWithObjectAndNumber) {
  const auto built = Build(GetParam().objects, Nodes(2));
  ASSERT_FALSE(built.ok());
  EXPECT_THAT(built.status().message(), HasSubstr(GetParam().want));
}

INSTANTIATE_TEST_SUITE_P(
    HyperNodes, BadHyperNodes,
    testing::Values(
        Bad{"Malformed", {Malformed()}, "HyperNode a: /spec/tier is \"x\""},
        Bad{"SeventeenTiers", SeventeenTiers(), "17 levels; want at most 16"},
        Bad{"WithinItself",
            {HyperNodeOf("a", 1, {HyperNodeNamed("a")})},
            "HyperNode a of tier 1 has the member HyperNode a of tier 1; want one of an inner tier"},
        Bad{"Cycle",
            {HyperNodeOf("a", 1, {HyperNodeNamed("c")}), HyperNodeOf("b", 2, {HyperNodeNamed("a")}),
             HyperNodeOf("c", 3, {HyperNodeNamed("b")})},
            "HyperNode a of tier 1 has the member HyperNode c of tier 3"},
        Bad{"TwoParents",
            {HyperNodeOf("a", 1, {}), HyperNodeOf("b", 2, {HyperNodeNamed("a")}),
             HyperNodeOf("c", 3, {HyperNodeNamed("a")})},
            "HyperNode a of tier 1 is a member of both HyperNode b of tier 2 and HyperNode c of tier 3"},
        Bad{"NodeInTwoOfOneTier",
            {HyperNodeOf("a", 1, {NodeNamed("n1")}), HyperNodeOf("b", 1, {NodesLike("n")})},
            "node n1 is in both HyperNode a of tier 1 and HyperNode b of tier 1"},
        Bad{"NodeInTwoBranches",
            {HyperNodeOf("a", 1, {NodeNamed("n1")}), HyperNodeOf("b", 2, {HyperNodeNamed("a")}),
             HyperNodeOf("c", 2, {NodeNamed("n1")})},
            "node n1 is in both HyperNode a of tier 1 and HyperNode c of tier 2"},
        Bad{"TierNamesAtOdds",
            {HyperNodeOf("a", 1, {}), HyperNodeOf("b", 1, {}, "rack"), HyperNodeOf("c", 1, {}, "leaf")},
            "HyperNode c of tier 1 has the tierName \"leaf\", but b \"rack\""},
        Bad{"TierNameTwice",
            {HyperNodeOf("a", 1, {}, "rack"), HyperNodeOf("b", 2, {}, "rack")},
            "two levels are called rack"},
        Bad{"TierNameOfAnother",
            {HyperNodeOf("a", 1, {}, "tier-3"), HyperNodeOf("b", 2, {})},
            "HyperNodes of tier 1 have the tierName \"tier-3\""},
        Bad{"MalformedPattern",
            {HyperNodeOf("a", 1, {NodesLike("n(")})},
            "HyperNode a of tier 1: the pattern \"n(\" can't be read"},
        Bad{"HugePattern", {HyperNodeOf("a", 1, {NodesLike("(a{1,100}){1,9}")})}, "want at most 1000"}),
    [](const auto& info) { return info.param.name; });

TEST(HyperNodeTree, PatternsThatTakeTooLongTogetherAreRefusedSoon) {
  std::vector<TopologyObject> objects;
  for (int i = 0; i < 100'000; ++i) {
    objects.push_back(HyperNodeOf(absl::StrCat("h", i), 1, {NodesLike("(x+x+)+y")}));
  }
  const auto built = Build(objects, Nodes(1'000));
  EXPECT_EQ(built.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(built.status().message(), HasSubstr("on 1000 nodes takes more than 500000000 steps"));
}

// 50,000 nodes in 1,563 racks of 32, 49 spines of 32 racks, one core; found by
// name, by label and by pattern in turn. Half of the nodes lack the label.
TEST(HyperNodeTree, FiftyThousandNodesTakeNoTime) {
  std::vector<Labels> labels(50'000);
  for (size_t n = 0; n < labels.size(); n += 2) labels[n]["rack"] = absl::StrCat(n / 32);
  const test::Fabric fabric(labels);
  std::vector<TopologyObject> objects;
  std::vector<std::vector<HyperNodeMember>> spines(49);
  for (size_t r = 0; r * 32 < labels.size(); ++r) {
    std::vector<HyperNodeMember> members = {NodesWith({{"rack", Op::kIn, {absl::StrCat(r)}}})};
    for (size_t n = r * 32; n < (r + 1) * 32; n += 2) members.push_back(NodeNamed(absl::StrCat("n", n + 1)));
    objects.push_back(HyperNodeOf(absl::StrCat("rack-", r), 1, std::move(members)));
    spines[r / 32].push_back(HyperNodeNamed(objects.back().key.name));
  }
  std::vector<HyperNodeMember> core;
  for (size_t s = 0; s < spines.size(); ++s) {
    objects.push_back(HyperNodeOf(absl::StrCat("spine-", s), 2, spines[s]));
    core.push_back(HyperNodeNamed(objects.back().key.name));
  }
  core.push_back(NodesLike("^n[0-9]+$"));
  objects.push_back(HyperNodeOf("core", 3, std::move(core)));
  const auto built = Build(objects, fabric);
  ASSERT_TRUE(built.ok()) << built.status();
  EXPECT_EQ(built->tree.NodesOutside(3), 0);
  EXPECT_EQ(built->tree.domain_count(), 1 + 1 + 1 + 49 + 1563);
  EXPECT_EQ(built->tree.PathOf(built->tree.DeepestOf(49'999)), "cluster/core/spine-48/rack-1562");
}

TEST(BuildTopologies, AllHyperNodesTogetherAreOneTopologyAndAProblemOfThemIsNamed) {
  ClusterView view = test::ClusterOf(2, 8);
  view.Upsert(HyperNodeOf("a", 1, {NodeNamed("node-00"), NodeNamed("gone")}));
  view.Upsert(HyperNodeOf("b", 1, {NodeNamed("node-01")}));
  const Topologies topologies = BuildTopologies(view, {});
  ASSERT_EQ(topologies.all.front().key, (TopologyKey{"HyperNode.topology.volcano.sh", "hypernodes"}));
  EXPECT_THAT(
      topologies.problems,
      ElementsAre(TopologyProblem{topologies.all.front().key,
                                  "1 members do not exist, such as node gone of HyperNode a of tier 1"}));
  EXPECT_TRUE(FindLevel(topologies, "", "tier-1").ok());

  view.Upsert(HyperNodeOf("c", 1, {NodeNamed("node-01")}));
  const absl::Status without = FindLevel(BuildTopologies(view, {}), "hypernodes", "tier-1").status();
  EXPECT_EQ(without.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(without.message(), HasSubstr("node node-01 is in both HyperNode b of tier 1"));
}

}  // namespace
}  // namespace muster
