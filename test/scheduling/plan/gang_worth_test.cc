// SPDX-License-Identifier: Apache-2.0
#include "scheduling/plan/gang_worth.h"

#include <algorithm>
#include <limits>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "scheduling/declare/assemble.h"
#include "scheduling/plan/node_worth.h"
#include "scheduling/plan/planner.h"
#include "test/support/builders.h"

namespace muster {
namespace {

// A cluster of up to six nodes, some pods on them, and the demand of these and of others.
struct Case {
  ClusterView view;
  NodeWorth worth;
  int members = 0;
};

std::unique_ptr<Case> RandomCase(std::mt19937& random) {
  const auto pick = [&](int low, int high) { return std::uniform_int_distribution(low, high)(random); };
  auto made = std::make_unique<Case>();
  const int nodes = pick(2, 6);
  for (int n = 0; n < nodes; ++n) {
    Node node = test::NodeOf(absl::StrCat("n", n), pick(1, 2) * 4);
    if (pick(0, 1) == 0) node.labels["pool"] = "fast";
    const int64_t gpus = node.allocatable.Get("nvidia.com/gpu");
    made->view.Upsert(std::move(node));
    const int used = pick(0, static_cast<int>(gpus) - 1);
    if (used > 0)
      made->view.Upsert(test::BoundTo(test::PodOf(absl::StrCat("b", n), used), absl::StrCat("n", n)));
  }
  for (int d = pick(1, 12); d > 0; --d) {
    Pod pod = test::PodOf(absl::StrCat("d", d), pick(1, 4));
    if (pick(0, 2) == 0) pod.shape.node_selector = {{"pool", "fast"}};
    made->worth.Asked(pod.shape);
  }
  made->members = pick(1, 6);
  for (int m = 0; m < made->members; ++m) {
    Pod pod = test::MemberOf("g", made->members, m, 1);
    made->worth.Asked(pod.shape);
    made->view.Upsert(std::move(pod));
  }
  return made;
}

using Cost = std::pair<int, int64_t>;  // nodes, and what the pods to come lose

Cost CostOf(const Case& c, const GangWorth& worth, const std::vector<int64_t>& members) {
  const PodShape shape = test::PodOf("p", 1).shape;
  Cost cost = {0, 0};
  int32_t n = 0;
  c.view.nodes().ForEach([&](const NodeName&, const NodeState& state) {
    const int64_t here = members[static_cast<size_t>(n)];
    cost.first += here > 0 ? 1 : 0;
    cost.second += here > 0 ? worth.Loss(n, state.free, shape, here) : 0;
    ++n;
  });
  return cost;
}

// The least of all ways to divide `left` members over the nodes from `n` on.
void Try(const Case& c, const GangWorth& worth, const std::vector<int64_t>& free, size_t n, int64_t left,
         std::vector<int64_t>& members, Cost& least) {
  if (n == free.size()) {
    if (left == 0) least = std::min(least, CostOf(c, worth, members));
    return;
  }
  for (members[n] = 0; members[n] <= std::min(left, free[n]); ++members[n]) {
    Try(c, worth, free, n + 1, left - members[n], members, least);
  }
  members[n] = 0;
}

TEST(GangWorth, MembersGoWhereThePodsToComeLoseLeastOfAllWays) {
  std::mt19937 random(3);
  int placed = 0;
  for (int round = 0; round < 300; ++round) {
    const std::unique_ptr<Case> c = RandomCase(random);
    const auto shared = std::make_shared<const ClusterView>(c->view);
    const GangWorth worth = c->worth.ForGang(shared, Ledger());
    const Gang gang = declare::AssembleGang(*shared, GangId("default", "g"));
    const Ledger ledger;
    const Declined declined;
    PlanInput input{*shared, ledger, gang, {}, declined};
    input.worth = &worth;
    const auto result = PlanGang(input);
    std::vector<int64_t> free;
    std::map<std::string, size_t> number;
    c->view.nodes().ForEach([&](const NodeName& name, const NodeState& state) {
      number[name.text()] = free.size();
      free.push_back(state.free.Get("nvidia.com/gpu"));
    });
    Cost least = {std::numeric_limits<int>::max(), 0};
    std::vector<int64_t> members(free.size());
    Try(*c, worth, free, 0, c->members, members, least);
    const auto* seats = std::get_if<Seats>(&result);
    ASSERT_EQ(seats != nullptr, least.first != std::numeric_limits<int>::max()) << round;
    if (seats == nullptr) continue;
    ++placed;
    for (const Seat& seat : *seats) ++members[number[seat.node.text()]];
    EXPECT_EQ(CostOf(*c, worth, members), least) << round;
  }
  EXPECT_GT(placed, 200);
}

TEST(GangWorth, WhatNobodyAskedForCostsNothing) {
  ClusterView view;
  view.Upsert(test::NodeOf("n", 8));
  NodeWorth worth;
  const auto shared = std::make_shared<const ClusterView>(view);
  const GangWorth none = worth.ForGang(shared, Ledger());
  const NodeState& state = *view.FindNode(NodeName("n"));
  EXPECT_EQ(none.Loss(0, state.free, test::PodOf("p", 1).shape, 1), 0);
  worth.Asked(test::PodOf("p", 1).shape);
  view.Upsert(test::NodeOf("m", 8));
  const GangWorth some = worth.ForGang(std::make_shared<const ClusterView>(view), Ledger());
  EXPECT_GT(some.Loss(0, state.free, test::PodOf("p", 1).shape, 1), 0);
  EXPECT_GT(some.Loss(0, state.free, test::PodOf("p", 1).shape, 8),
            some.Loss(0, state.free, test::PodOf("p", 1).shape, 7));
  EXPECT_EQ(some.Loss(0, state.free, test::PodOf("p", 0).shape, 1), 0);
  EXPECT_EQ(some.Loss(2, state.free, test::PodOf("p", 1).shape, 1), 0);
}

}  // namespace
}  // namespace muster
