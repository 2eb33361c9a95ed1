// SPDX-License-Identifier: Apache-2.0
#include "scheduling/choice/worth.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace muster {
namespace {

constexpr uint64_t kAny = ~uint64_t{0};

Ask GpusOf(int32_t gpus, int32_t milli = kWholeGpu, uint64_t where = kAny) {
  return {.cpu_millis = 1000,
          .memory_bytes = 1,
          .gpus = gpus,
          .milli = milli,
          .where = where,
          .worth = static_cast<float>(gpus * milli) / kWholeGpu};
}

// Nodes, each with the kind of its room as the bit that an ask's `where` must have.
class Nodes {
 public:
  explicit Nodes(const std::vector<Room>& rooms)
      : worth_([](int32_t kind, uint64_t where) { return (where >> kind & 1) != 0; }) {
    for (const Room& room : rooms) {
      nodes_.push_back(worth_.Find(room));
      worth_.Enter(nodes_.back());
    }
  }

  // The node that the ask goes to; -1 if none has room.
  int Place(const Ask& ask) {
    const size_t number = worth_.Asked(ask);
    int best = -1;
    Worth::Loss least;
    for (size_t n = 0; n < nodes_.size(); ++n) {
      const Worth::Loss loss = worth_.LossOf(nodes_[n], number);
      if (loss.after == kNoRoom || (best >= 0 && loss.value >= least.value)) continue;
      best = static_cast<int>(n);
      least = loss;
    }
    if (best < 0) return -1;
    worth_.Leave(nodes_[static_cast<size_t>(best)]);
    worth_.Enter(least.after);
    nodes_[static_cast<size_t>(best)] = least.after;
    return best;
  }
  void Ask(const muster::Ask& ask, int times) {
    for (int i = 0; i < times; ++i) worth_.Asked(ask);
  }
  void Expect(const muster::Ask& ask, double part) { worth_.Expect(ask, part); }
  const Room& room(size_t n) const { return worth_.room(nodes_[n]); }

 private:
  Worth worth_;
  std::vector<RoomId> nodes_;
};

Room NodeOf(std::vector<int32_t> gpus, int32_t kind = 0, int64_t cpus = 96) {
  return {
      .cpu_millis = cpus * 1000, .memory_bytes = 1'000'000, .gpus = {gpus.begin(), gpus.end()}, .kind = kind};
}

const std::vector<int32_t> kEight(8, 1000);

TEST(Worth, NodesAreCompletedBeforeOthersAreBroken) {
  Nodes nodes({NodeOf(kEight), NodeOf({0, 0, 0, 0, 0, 0, 1000, 1000}), NodeOf(kEight)});
  nodes.Ask(GpusOf(8), 10);
  EXPECT_EQ(nodes.Place(GpusOf(1)), 1);
  EXPECT_EQ(nodes.Place(GpusOf(1)), 1);
  EXPECT_EQ(nodes.Place(GpusOf(8)), 0);
  EXPECT_EQ(nodes.Place(GpusOf(8)), 2);
  EXPECT_EQ(nodes.Place(GpusOf(1)), -1);
}

TEST(Worth, WhoMayHaveAnyModelLeavesTheLastOfAWantedOne) {
  Nodes nodes({NodeOf({1000}, 1), NodeOf({1000}), NodeOf({1000}), NodeOf({1000})});
  nodes.Ask(GpusOf(1, kWholeGpu, 2), 5);  // 5 asked for the model of the first node
  nodes.Ask(GpusOf(1), 20);
  for (int i = 0; i < 3; ++i) EXPECT_NE(nodes.Place(GpusOf(1)), 0);
  EXPECT_EQ(nodes.Place(GpusOf(1, kWholeGpu, 2)), 0);
}

TEST(Worth, APartGoesToTheGpuThatItFills) {
  Nodes nodes({NodeOf({300, 700, 1000})});
  nodes.Ask(GpusOf(1), 10);
  nodes.Ask(GpusOf(1, 700), 10);
  EXPECT_EQ(nodes.Place(GpusOf(1, 300)), 0);
  EXPECT_THAT(nodes.room(0).gpus, testing::ElementsAre(0, 700, 1000));
}

TEST(Worth, DemandIsForgottenByWhatIsAskedLater) {
  // Both kinds of node are as many; the one whose model was asked for more lately is spared.
  const std::vector<Room> rooms = {NodeOf({1000}, 1), NodeOf({1000}, 2)};
  Nodes lately(rooms);
  lately.Ask(GpusOf(1, kWholeGpu, 2), 1000);
  lately.Ask(GpusOf(1, kWholeGpu, 4), 100);
  EXPECT_EQ(lately.Place(GpusOf(1)), 1);
  lately.Ask(GpusOf(1), 10 * static_cast<int>(Worth::kHalfLife));
  Nodes long_ago(rooms);
  long_ago.Ask(GpusOf(1, kWholeGpu, 2), 1000);
  long_ago.Ask(GpusOf(1), 10 * static_cast<int>(Worth::kHalfLife));
  long_ago.Ask(GpusOf(1, kWholeGpu, 4), 100);
  EXPECT_EQ(long_ago.Place(GpusOf(1)), 0);
}

TEST(Worth, WhatIsExpectedIsKeptBeforeItWasSeen) {
  Nodes nodes({NodeOf({1000, 1000, 1000, 1000}), NodeOf({0, 0, 0, 1000}), NodeOf({1000, 1000, 1000, 1000})});
  nodes.Expect(GpusOf(4), 0.4);
  nodes.Ask(GpusOf(1), 1000);
  EXPECT_EQ(nodes.Place(GpusOf(1)), 1);
}

TEST(Worth, TheLeastAskedForMakesRoomForNewKinds) {
  Nodes nodes({NodeOf(kEight), NodeOf({0, 0, 0, 0, 0, 0, 1000, 1000}), NodeOf(kEight)});
  nodes.Ask(GpusOf(8), 100);
  for (int i = 0; i < 3 * static_cast<int>(Worth::kMostAsks); ++i) {
    Ask odd = GpusOf(1);
    odd.memory_bytes = 100 + i;
    nodes.Ask(odd, 1);
  }
  EXPECT_EQ(nodes.Place(GpusOf(1)), 1);
  EXPECT_EQ(nodes.Place(GpusOf(8)), 0);
}

}  // namespace
}  // namespace muster
