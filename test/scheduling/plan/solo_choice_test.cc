// SPDX-License-Identifier: Apache-2.0
#include "scheduling/plan/solo_choice.h"

#include <algorithm>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "gtest/gtest.h"
#include "test/support/builders.h"

namespace muster {
namespace {

// Slow and obviously right.
const Node* Slowly(const PodShape& shape, const ClusterView& view, const Ledger& ledger,
                   const std::vector<absl::string_view>& candidates) {
  const Node* best = nullptr;
  const auto key = [&](const Node& node) {
    const Resources free = ledger.Free(*view.FindNode(node.name));
    return std::tuple(free.Get("nvidia.com/gpu"), free.cpu_millis, free.memory_bytes, node.name);
  };
  for (const absl::string_view name : candidates) {
    const NodeState* state = view.FindNode(NodeName(std::string(name)));
    if (state == nullptr || !Fits(shape.requests, ledger.Free(*state))) continue;
    if (best == nullptr || key(*state->node) < key(*best)) best = state->node.get();
  }
  return best;
}

TEST(SoloChoice, IsTheSameAsTheSlowOne) {
  std::mt19937 random(1);
  const auto pick = [&](int low, int high) { return std::uniform_int_distribution(low, high)(random); };
  int found = 0;
  for (int round = 0; round < 3000; ++round) {
    ClusterView view;
    Ledger ledger;
    std::vector<std::string> names = {"unknown"};
    const int nodes = pick(1, 12);
    for (int i = 0; i < nodes; ++i) {
      const std::string name = absl::StrCat("node-", i);
      names.push_back(name);
      Node node = test::NodeOf(name, pick(0, 4));
      node.allocatable.cpu_millis = pick(0, 3) * 1000;
      view.Upsert(node);
      if (pick(0, 2) == 0) view.Upsert(test::BoundTo(test::PodOf("busy-" + name, pick(0, 2)), name));
      if (pick(0, 2) == 0) {
        const Seat seat = SeatOf(test::MemberOf("gang-" + name, 1, 0, 1), NodeName(name));
        ledger.Reserve(view, GangId("default", name), {seat}, absl::InfiniteFuture()).IgnoreError();
      }
    }
    std::shuffle(names.begin(), names.end(), random);
    names.resize(static_cast<size_t>(pick(0, static_cast<int>(names.size()))));
    const std::vector<absl::string_view> candidates(names.begin(), names.end());
    const PodShape shape = test::PodOf("p", pick(1, 3)).shape;
    const Node* chosen =
        ChooseForOne(shape, std::make_shared<const ClusterView>(view), ledger, candidates, {}, nullptr);
    ASSERT_EQ(chosen, Slowly(shape, view, ledger, candidates)) << "round " << round;
    found += chosen != nullptr ? 1 : 0;
  }
  EXPECT_GT(found, 500);
  EXPECT_LT(found, 2500);
}

}  // namespace
}  // namespace muster
