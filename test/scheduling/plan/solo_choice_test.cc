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

// The name of the node that the pod gets among all nodes; "" if none.
std::string Chosen(const PodShape& shape, const ClusterView& view, NodeWorth& worth) {
  std::vector<absl::string_view> names;
  view.nodes().ForEach([&](const NodeName& name, const NodeState&) { names.push_back(name.text()); });
  const Node* node =
      ChooseForOne(shape, std::make_shared<const ClusterView>(view), Ledger(), names, {}, &worth);
  return node == nullptr ? "" : std::string(node->name.text());
}

TEST(SoloChoice, NodesAreCompletedBeforeOthersAreBroken) {
  ClusterView view;
  for (const char* name : {"a", "b", "c"}) view.Upsert(test::NodeOf(name, 8));
  NodeWorth worth;
  for (int i = 0; i < 24; ++i) {
    const Pod pod = test::PodOf(absl::StrCat("p-", i), 1);
    worth.Asked(pod.shape);
    const std::string node = Chosen(pod.shape, view, worth);
    EXPECT_EQ(node, i < 8 ? "a" : i < 16 ? "b" : "c") << i;
    view.Upsert(test::BoundTo(pod, node));
  }
  EXPECT_EQ(Chosen(test::PodOf("late", 1).shape, view, worth), "");
}

TEST(SoloChoice, TheLastOfAWantedProductIsLeft) {
  ClusterView view;
  Node wanted = test::NodeOf("a", 1);
  wanted.labels["nvidia.com/gpu.product"] = "H100";
  view.Upsert(wanted);
  view.Upsert(test::NodeOf("b", 4));
  Pod picky = test::PodOf("picky", 1);
  picky.shape.node_selector = {{"nvidia.com/gpu.product", "H100"}};
  NodeWorth worth;
  EXPECT_EQ(Chosen(test::PodOf("any", 1).shape, view, worth), "a");
  worth.Asked(picky.shape);
  worth.Asked(test::PodOf("any", 1).shape);
  EXPECT_EQ(Chosen(test::PodOf("any", 1).shape, view, worth), "b");
  EXPECT_EQ(Chosen(picky.shape, view, worth), "a");
}

TEST(SoloChoice, ANodeThatKubeSchedulerPassedIsBetterThanNone) {
  ClusterView view;
  Node tainted = test::NodeOf("a", 1);
  tainted.taints = {{"infra", "", TaintEffect::kNoSchedule}};
  view.Upsert(tainted);
  NodeWorth worth;
  worth.Asked(test::PodOf("p", 1).shape);
  EXPECT_EQ(Chosen(test::PodOf("p", 1).shape, view, worth), "a");
}

}  // namespace
}  // namespace muster
