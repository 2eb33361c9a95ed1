// SPDX-License-Identifier: Apache-2.0
#include "scheduling/topology/domain_tree.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "test/support/fabric.h"

namespace muster {
namespace {

using test::Fabric;
using testing::ElementsAre;
using testing::IsEmpty;

const std::vector<Level> kBlockRackHost = {
    {"block", "block"}, {"rack", "rack"}, {"host", "kubernetes.io/hostname"}};

std::vector<std::string> PathsAt(const DomainTree& tree, size_t level) {
  std::vector<std::string> paths;
  for (DomainId id = tree.FirstOf(level); id < tree.EndOf(level); ++id) paths.push_back(tree.PathOf(id));
  return paths;
}

TEST(DomainTree, ADomainIsItsWholePath) {
  const Fabric fabric({{{"block", "a"}, {"rack", "r1"}}, {{"block", "b"}, {"rack", "r1"}}});
  const DomainTree tree = DomainTree::ByLabels(kBlockRackHost, fabric.nodes());
  EXPECT_THAT(PathsAt(tree, 1), ElementsAre("a/r1", "b/r1"));
  EXPECT_NE(tree.DomainOf(0, 1), tree.DomainOf(1, 1));
}

TEST(DomainTree, ChildrenAreInNaturalOrder) {
  const Fabric fabric({{{"block", "a"}, {"rack", "rack-10"}},
                       {{"block", "a"}, {"rack", "rack-2"}},
                       {{"block", "a"}, {"rack", "rack-1"}}});
  const DomainTree tree = DomainTree::ByLabels(kBlockRackHost, fabric.nodes());
  EXPECT_THAT(PathsAt(tree, 1), ElementsAre("a/rack-1", "a/rack-2", "a/rack-10"));
  EXPECT_THAT(tree.NodesOf(tree.FirstOf(0)), ElementsAre(2, 1, 0));
}

TEST(DomainTree, ANodeWithoutALabelIsInNoDomainOfThatLevelAndBelow) {
  const Fabric fabric({{{"block", "a"}, {"rack", "1"}, {"kubernetes.io/hostname", "n0"}},
                       {{"block", "a"}, {"kubernetes.io/hostname", "n1"}},
                       {{"rack", "1"}, {"kubernetes.io/hostname", "n2"}},
                       {{"block", ""}, {"rack", "1"}}});
  const DomainTree tree = DomainTree::ByLabels(kBlockRackHost, fabric.nodes());
  EXPECT_EQ(tree.PathOf(tree.DeepestOf(0)), "a/1/n0");
  EXPECT_EQ(tree.PathOf(tree.DeepestOf(1)), "a");
  EXPECT_EQ(tree.DomainOf(1, 2), kNoDomain);
  EXPECT_EQ(tree.DeepestOf(2), kRootDomain);
  EXPECT_EQ(tree.DeepestOf(3), kRootDomain);
  EXPECT_EQ(tree.NodesOutside(0), 2);
  EXPECT_EQ(tree.NodesOutside(1), 3);
  EXPECT_EQ(tree.NodesOutside(2), 3);
}

TEST(DomainTree, SumsGoUpToTheRoot) {
  const Fabric fabric({{{"block", "a"}, {"rack", "1"}},
                       {{"block", "a"}, {"rack", "2"}},
                       {{"block", "b"}, {"rack", "1"}},
                       {}});
  const DomainTree tree = DomainTree::ByLabels({{"block", "block"}, {"rack", "rack"}}, fabric.nodes());
  const std::vector<int> free = {1, 10, 100, 1000};
  EXPECT_THAT(tree.SumUp(absl::MakeConstSpan(free)), ElementsAre(1111, 11, 100, 1, 10, 100));
}

TEST(DomainTree, WithoutNodesThereIsOnlyTheRoot) {
  const DomainTree tree = DomainTree::ByLabels(kBlockRackHost, {});
  EXPECT_EQ(tree.domain_count(), 1);
  for (size_t level = 0; level < 3; ++level) {
    EXPECT_EQ(tree.FirstOf(level), tree.EndOf(level));
    EXPECT_EQ(tree.NodesOutside(level), 0);
  }
  EXPECT_THAT(tree.NodesOf(kRootDomain), IsEmpty());
}

TEST(DomainTree, HugeNamesAreToldApartAndShortened) {
  const std::string huge(1 << 20, 'x');
  const Fabric fabric({{{"block", huge + "1"}}, {{"block", huge + "2"}}});
  const DomainTree tree = DomainTree::ByLabels({{"block", "block"}}, fabric.nodes());
  EXPECT_EQ(tree.domain_count(), 3);
  EXPECT_LT(tree.PathOf(1).size(), 200u);
}

}  // namespace
}  // namespace muster
