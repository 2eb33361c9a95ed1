// SPDX-License-Identifier: Apache-2.0
#include "scheduling/topology/build_topologies.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "scheduling/topology/levels.h"
#include "test/support/builders.h"

namespace muster {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

void AddNode(ClusterView& view, const std::string& name, Labels labels) {
  Node node = test::NodeOf(name, 8);
  node.labels = std::move(labels);
  view.Upsert(std::move(node));
}

TopologyObject ByKeys(const std::string& kind, const std::string& name,
                      const std::vector<std::string>& keys) {
  TopologyObject object{{kind, name}, {}, std::nullopt, ""};
  for (const std::string& key : keys) object.levels.push_back({key, key});
  return object;
}

std::vector<std::string> NamesOf(const Topologies& topologies) {
  std::vector<std::string> names;
  for (const Topology& topology : topologies.all) names.push_back(topology.key.name);
  return names;
}

TEST(BuildTopologies, TheConfiguredOneGoesFirstThenObjectsWithTheMostNodesThenNodeLabels) {
  ClusterView view;
  AddNode(view, "a", {{"block", "b1"}, {"rack", "r1"}, {"bay", "1"}, {"kubernetes.io/hostname", "a"}});
  AddNode(view, "b", {{"block", "b1"}, {"bay", "1"}, {"kubernetes.io/hostname", "b"}});
  view.Upsert(ByKeys("Topology.kai.scheduler", "racks", {"block", "rack"}));
  view.Upsert(ByKeys("Topology.kueue.x-k8s.io", "blocks", {"block"}));
  view.Upsert(ByKeys("Topology.kai.scheduler", "blocks", {"block"}));
  view.Upsert(ByKeys("Topology.kai.scheduler", "absent", {"nobody has this"}));
  const Topologies topologies = BuildTopologies(view, {{{"bay", "bay"}}});
  EXPECT_THAT(NamesOf(topologies),
              ElementsAre("configuration", "blocks", "blocks", "racks", "kubernetes", "absent"));
  EXPECT_EQ(topologies.all[1].key.declared_by, "Topology.kai.scheduler");
  EXPECT_TRUE(topologies.problems.empty());
}

TEST(BuildTopologies, NodesThatTheViewLacksAreNotNumbered) {
  ClusterView view;
  AddNode(view, "c", {{"rack", "r2"}});
  AddNode(view, "a", {{"rack", "r1"}});
  view.Upsert(test::BoundTo(test::PodOf("p", 1), "b"));
  view.Upsert(ByKeys("Topology.kai.scheduler", "racks", {"rack"}));
  const Topologies topologies = BuildTopologies(view, {});
  ASSERT_THAT(NamesOf(topologies), ElementsAre("racks"));
  const DomainTree& tree = topologies.all[0].tree;
  ASSERT_EQ(tree.node_count(), 2);
  EXPECT_EQ(tree.domain(tree.DomainOf(0, 0)).name, "r1");
  EXPECT_EQ(tree.domain(tree.DomainOf(1, 0)).name, "r2");
}

TEST(BuildTopologies, LevelsNamedByAWellKnownKeyGetItsUsualWord) {
  ClusterView view;
  AddNode(view, "a", {});
  view.Upsert(ByKeys("Topology.kueue.x-k8s.io", "t",
                     {"cloud.provider.com/topology-block", "example.com/shelf", "kubernetes.io/hostname"}));
  view.Upsert(ByKeys("Topology.kueue.x-k8s.io", "u",
                     {"oci.oraclecloud.com/rdma.network_block_id", "cloud.provider.com/topology-block"}));
  const Topologies topologies = BuildTopologies(view, {});
  ASSERT_THAT(NamesOf(topologies), ElementsAre("t", "u"));
  EXPECT_EQ(LevelNames(topologies.all[0].tree.levels()), "block > example.com/shelf > host");
  EXPECT_EQ(LevelNames(topologies.all[1].tree.levels()),
            "oci.oraclecloud.com/rdma.network_block_id > cloud.provider.com/topology-block");
}

TEST(BuildTopologies, WhatCannotBeUsedIsAProblemThatFindLevelNames) {
  ClusterView view;
  AddNode(view, "a", {{"rack", "r1"}});
  std::vector<std::string> keys;
  for (int i = 0; i < 17; ++i) keys.push_back(absl::StrCat("level-", i));
  view.Upsert(ByKeys("Topology.kueue.x-k8s.io", "deep", keys));
  TopologyObject malformed = ByKeys("Topology.kueue.x-k8s.io", "odd", {});
  malformed.problem = "/spec/levels is 7; want a list";
  view.Upsert(malformed);
  const Topologies topologies = BuildTopologies(view, {});
  EXPECT_TRUE(topologies.all.empty());
  ASSERT_EQ(topologies.problems.size(), 2u);

  const auto deep = FindLevel(topologies, "deep", "level-3");
  EXPECT_EQ(deep.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(deep.status().message(), HasSubstr("17 levels; want at most 16"));
  EXPECT_THAT(FindLevel(topologies, "odd", "rack").status().message(), HasSubstr("/spec/levels is 7"));
  EXPECT_THAT(FindLevel(topologies, "", "rack").status().message(),
              HasSubstr("can't be used: deep, 17 levels; want at most 16; odd, /spec/levels is 7"));
}

}  // namespace
}  // namespace muster
