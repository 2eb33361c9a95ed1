// SPDX-License-Identifier: Apache-2.0
#include "scheduling/plan/deal.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "test/support/fabric.h"

namespace muster {
namespace {

using testing::ElementsAre;

// Nodes 0 to 5: rack r0 has 0 and 1, r1 has 2 and 3, r2 has 4 and 5.
DomainTree Racks() {
  const test::Fabric fabric({{{"rack", "r0"}},
                             {{"rack", "r0"}},
                             {{"rack", "r1"}},
                             {{"rack", "r1"}},
                             {{"rack", "r2"}},
                             {{"rack", "r2"}}});
  return DomainTree::ByLabels({{.name = "rack", .key = "rack"}}, fabric.nodes());
}

TEST(Deal, GivesMembersOfOneKindTheSeatsInTheOrderOfTheTree) {
  const auto nodes = Deal(Racks(), {{{0, 1, 2, 3}, {{4, 1}, {0, 2}, {3, 1}}}});
  EXPECT_THAT(nodes, ElementsAre(ElementsAre(0, 0, 3, 4)));
}

TEST(Deal, BeginsInTheRackThatHasASeatForTheFirstMember) {
  // The leader, 0, has its seat in rack r1.
  const auto nodes = Deal(Racks(), {{{1, 2, 3, 4}, {{0, 2}, {2, 2}}}, {{0}, {{3, 1}}}});
  EXPECT_THAT(nodes, ElementsAre(ElementsAre(2, 2, 0, 0), ElementsAre(3)));
}

TEST(Deal, GoesOnInTheRackThatHasASeatForTheNextMember) {
  // Two of each kind in turn: all of a rack come before those of the next.
  const auto nodes = Deal(Racks(), {{{0, 1, 4, 5}, {{0, 2}, {5, 2}}}, {{2, 3, 6, 7}, {{1, 2}, {4, 2}}}});
  EXPECT_THAT(nodes, ElementsAre(ElementsAre(0, 0, 5, 5), ElementsAre(1, 1, 4, 4)));
}

}  // namespace
}  // namespace muster
