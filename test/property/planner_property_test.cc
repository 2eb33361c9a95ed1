// SPDX-License-Identifier: Apache-2.0
// The planner against a brute force that tries every assignment, on small
// random clusters.
#include <algorithm>
#include <map>
#include <random>
#include <string>

#include "gtest/gtest.h"
#include "scheduling/declare/assemble.h"
#include "scheduling/plan/feasibility.h"
#include "scheduling/plan/planner.h"
#include "test/support/builders.h"

namespace muster {
namespace {

using test::Amounts;
using test::BoundTo;
using test::MemberOf;
using test::NodeOf;
using test::PodOf;

constexpr int kCases = 100'000;

struct Case {
  ClusterView view;
  Gang gang;
};

Case MakeCase(uint32_t seed) {
  std::mt19937 random(seed);
  const auto pick = [&](int low, int high) { return std::uniform_int_distribution(low, high)(random); };
  Case c;
  const int nodes = pick(1, 4);
  for (int i = 0; i < nodes; ++i) {
    Node node = NodeOf("node-" + std::to_string(i), pick(0, 4));
    node.allocatable.cpu_millis = pick(1, 6) * 1000;
    node.unschedulable = pick(0, 9) == 0;
    if (pick(0, 4) == 0) node.labels["disk"] = "ssd";
    c.view.Upsert(node);
    if (pick(0, 2) == 0)
      c.view.Upsert(BoundTo(PodOf("busy-" + std::to_string(i), pick(0, 2)), node.name.text()));
  }
  const int members = pick(1, 5);
  const int shapes = pick(1, 3);
  std::vector<PodShape> kinds;
  for (int s = 0; s < shapes; ++s) {
    PodShape shape;
    shape.requests = Amounts(pick(0, 3), pick(0, 3));
    if (pick(0, 5) == 0) shape.node_selector = {{"disk", "ssd"}};
    kinds.push_back(shape);
  }
  for (int m = 0; m < members; ++m) {
    Pod member = MemberOf("train", members, m, 0);
    member.shape = kinds[static_cast<size_t>(pick(0, shapes - 1))];
    c.view.Upsert(member);
  }
  c.gang = declare::AssembleGang(c.view, GangId("default", "train"));
  return c;
}

// Slow and obviously right: does any assignment seat members [next, end)?
bool AnyAssignment(const Case& c, size_t next, std::map<NodeName, Resources>& free) {
  if (next == c.gang.members.size()) return true;
  const Pod& member = *c.gang.members[next];
  for (auto& [name, room] : free) {
    if (!Eligible(member.shape, *c.view.FindNode(name)->node) || !Fits(member.shape.requests, room)) continue;
    const Resources before = room;
    room -= member.shape.requests;
    if (AnyAssignment(c, next + 1, free)) return true;
    room = before;
  }
  return false;
}

std::map<NodeName, Resources> FreeOf(const ClusterView& view) {
  std::map<NodeName, Resources> free;
  view.nodes().ForEach([&](const NodeName& name, const NodeState& state) { free[name] = state.free; });
  return free;
}

TEST(PlannerProperty, VerdictEqualsBruteForceAndSeatsBreakNoRule) {
  int placed = 0;
  for (uint32_t seed = 0; seed < kCases; ++seed) {
    const Case c = MakeCase(seed);
    auto free = FreeOf(c.view);
    const bool possible = AnyAssignment(c, 0, free);
    const auto result = PlanGang({c.view, Ledger(), c.gang, {}, Declined(), nullptr});
    ASSERT_EQ(std::holds_alternative<Seats>(result), possible) << "seed " << seed;
    if (!possible) continue;
    ++placed;
    const Seats& seats = std::get<Seats>(result);
    ASSERT_EQ(seats.size(), c.gang.members.size()) << "seed " << seed;
    free = FreeOf(c.view);
    for (const Seat& seat : seats) {
      const auto member = std::find_if(c.gang.members.begin(), c.gang.members.end(),
                                       [&](const auto& m) { return m->uid == seat.uid; });
      ASSERT_NE(member, c.gang.members.end()) << "seed " << seed;
      ASSERT_TRUE(Eligible((*member)->shape, *c.view.FindNode(seat.node)->node)) << "seed " << seed;
      ASSERT_TRUE(Fits(seat.requests, free[seat.node])) << "seed " << seed << " node " << seat.node.text();
      free[seat.node] -= seat.requests;
    }
  }
  // Both verdicts must be well represented, or the comparison proves little.
  EXPECT_GT(placed, kCases / 5);
  EXPECT_LT(placed, kCases * 4 / 5);
}

TEST(PlannerProperty, TheOrderInWhichPodsAndNodesBecameKnownChangesNothing) {
  for (uint32_t seed = 0; seed < 500; ++seed) {
    const Case c = MakeCase(seed);
    ClusterView reversed;
    std::vector<Pod> pods;
    std::vector<Node> nodes;
    c.view.pods().ForEach([&](const PodName&, const auto& pod) { pods.push_back(*pod); });
    c.view.nodes().ForEach([&](const NodeName&, const NodeState& state) { nodes.push_back(*state.node); });
    std::for_each(pods.rbegin(), pods.rend(), [&](const Pod& pod) { reversed.Upsert(pod); });
    std::for_each(nodes.rbegin(), nodes.rend(), [&](const Node& node) { reversed.Upsert(node); });
    const Gang gang = declare::AssembleGang(reversed, c.gang.id);
    EXPECT_EQ(PlanGang({reversed, Ledger(), gang, {}, Declined(), nullptr}),
              PlanGang({c.view, Ledger(), c.gang, {}, Declined(), nullptr}))
        << "seed " << seed;
  }
}

TEST(PlannerProperty, MoreRoomNeverTurnsAFitIntoARefusal) {
  for (uint32_t seed = 0; seed < 2'000; ++seed) {
    Case c = MakeCase(seed);
    if (std::holds_alternative<Refusal>(PlanGang({c.view, Ledger(), c.gang, {}, Declined(), nullptr})))
      continue;
    c.view.Upsert(NodeOf("more", 4));
    EXPECT_TRUE(std::holds_alternative<Seats>(PlanGang({c.view, Ledger(), c.gang, {}, Declined(), nullptr})))
        << "seed " << seed;
  }
}

}  // namespace
}  // namespace muster
