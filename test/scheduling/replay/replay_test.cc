// SPDX-License-Identifier: Apache-2.0
#include "scheduling/replay/replay.h"

#include <algorithm>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace muster::replay {
namespace {

using testing::ElementsAre;

Room NodeOf(int64_t cpu, std::vector<int32_t> gpus, int32_t model = 0) {
  return {.cpu_millis = cpu, .memory_bytes = 1000, .gpus = {gpus.begin(), gpus.end()}, .kind = model};
}
Ask PodOf(int64_t cpu, int32_t gpus, int32_t milli, uint64_t where = kAnyModel) {
  return {.cpu_millis = cpu,
          .memory_bytes = 1,
          .gpus = gpus,
          .milli = milli,
          .where = where,
          .worth = static_cast<float>(gpus * milli) / kWholeGpu};
}

// Where the policy puts one pod.
Placement ChoiceOf(absl::string_view policy, std::vector<Room> nodes, const Ask& pod) {
  const Trace trace = {std::move(nodes), {"A", "B"}, {pod}};
  return MakePolicy(policy, trace)->Choose(pod).value_or(Placement{99, {}});
}

TEST(Policy, EachOrderIsItsOwn) {
  const std::vector<Room> nodes = {NodeOf(50, {1000, 1000, 1000, 1000}), NodeOf(50, {1000, 600}),
                                   NodeOf(10, {300, 1000})};
  const Ask pod = PodOf(1, 1, 300);
  EXPECT_EQ(ChoiceOf("first-fit", nodes, pod).node, 0u);
  EXPECT_EQ(ChoiceOf("best-fit", nodes, pod).node, 2u);
  EXPECT_THAT(ChoiceOf("best-fit", nodes, pod).left.gpus, ElementsAre(0, 1000));
  EXPECT_EQ(ChoiceOf("fgd", nodes, PodOf(1, 2, 1000)).node, 0u);
}

TEST(Policy, FgdBreaksNothingThatOthersCanUse) {
  const Trace trace = {
      {NodeOf(50, {1000, 1000}), NodeOf(50, {500, 1000})}, {"A"}, {PodOf(1, 1, 500), PodOf(1, 1, 1000)}};
  const Placement placement = MakePolicy("fgd", trace)->Choose(trace.pods[0]).value_or(Placement{99, {}});
  EXPECT_EQ(placement.node, 1u);
  EXPECT_THAT(placement.left.gpus, ElementsAre(0, 1000));
}

TEST(Policy, HamiTakesTheFullestNodeAndItsEmptiestGpu) {
  const Trace trace = {{NodeOf(50, {1000, 1000}), NodeOf(50, {1000, 1000})}, {"A"}, {PodOf(1, 1, 300)}};
  const auto hami = MakePolicy("hami", trace);
  hami->Place({1, NodeOf(50, {500, 1000})});
  const Placement placement = hami->Choose(trace.pods[0]).value_or(Placement{99, {}});
  EXPECT_EQ(placement.node, 1u);
  EXPECT_THAT(placement.left.gpus, ElementsAre(500, 700));
}

TEST(Policy, NoneGoesWhereItMayNotOrHasNoRoom) {
  const std::vector<Room> nodes = {NodeOf(50, {1000}, 0), NodeOf(50, {900}, 1), NodeOf(1, {1000}, 1),
                                   NodeOf(50, {1000}, 1)};
  for (const absl::string_view policy : PolicyNames()) {
    EXPECT_EQ(ChoiceOf(policy, nodes, PodOf(2, 1, 1000, 2)).node, 3u) << policy;
    EXPECT_EQ(ChoiceOf(policy, nodes, PodOf(2, 2, 1000, 2)).node, 99u) << policy;
  }
  EXPECT_EQ(MakePolicy("unknown", {}), nullptr);
}

TEST(Replay, CountsWhatCameAndWhatIsAllocated) {
  const Trace trace = {{NodeOf(50, {1000, 1000})}, {"A"}, {PodOf(1, 1, 700), PodOf(1, 2, 1000)}};
  Replay replay(trace, MakePolicy("first-fit", trace));
  EXPECT_TRUE(replay.Arrive(trace.pods[0]));
  EXPECT_FALSE(replay.Arrive(trace.pods[1]));
  const Mark now = replay.Now();
  EXPECT_DOUBLE_EQ(now.arrived, 1.35);
  EXPECT_DOUBLE_EQ(now.allocated, 0.35);
  // Of 1.3 GPUs the first kind can use 1, the second nothing.
  EXPECT_NEAR(now.fragmentation, (0.3 + 1.3) / 2 / 1.3, 1e-9);
}

TEST(Arrivals, AreAllPodsThenCopiesOfThem) {
  const Trace trace = {
      {NodeOf(50, std::vector<int32_t>(8, 1000))}, {"A"}, {PodOf(1, 1, 700), PodOf(2, 0, 0)}};
  uint64_t next = 0;
  const std::vector<Ask> pods = Arrivals(trace, 1.3, [&](uint64_t n) { return next++ % n; });
  int64_t asked = 0;
  for (const Ask& pod : pods) asked += GpuMilli(pod);
  EXPECT_GE(asked, 10400);
  EXPECT_LT(asked, 10400 + 700);
  EXPECT_TRUE(std::is_permutation(trace.pods.begin(), trace.pods.end(), pods.begin(), pods.begin() + 2));
}

TEST(Arrivals, AreFewerWhereTheTraceAsksForMore) {
  const Trace trace = {{NodeOf(50, {1000})}, {"A"}, std::vector<Ask>(10, PodOf(1, 1, 500))};
  const std::vector<Ask> pods = Arrivals(trace, 1.3, [](uint64_t n) { return n / 2; });
  EXPECT_EQ(pods.size(), 3u);
}

TEST(PodShares, AreTheMostFrequentKinds) {
  const std::vector<Share> shares =
      PodShares({PodOf(1, 1, 500), PodOf(1, 1, 700), PodOf(1, 1, 700), PodOf(1, 0, 0)}, 0.6);
  ASSERT_EQ(shares.size(), 1u);
  EXPECT_EQ(shares[0].ask.milli, 700);
  EXPECT_DOUBLE_EQ(shares[0].share, 1);
}

}  // namespace
}  // namespace muster::replay
