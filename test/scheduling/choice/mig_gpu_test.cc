// SPDX-License-Identifier: Apache-2.0
#include "scheduling/choice/mig_gpu.h"

#include <cmath>
#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "scheduling/choice/room.h"
#include "scheduling/choice/worth.h"
#include "scheduling/gpu/mig_products.h"

namespace muster {
namespace {

using testing::Lt;

int32_t NumberOf(absl::string_view name) {
  return static_cast<int32_t>(FindMigGeometry(name) - MigGeometries().data());
}

// A GPU with instances, each as (profile, start).
MigGpu Gpu(absl::string_view geometry, const std::vector<std::pair<std::string, int>>& instances = {}) {
  const MigGeometry& g = *FindMigGeometry(geometry);
  MigGpu gpu{NumberOf(geometry), 0};
  for (const auto& [profile, start] : instances) {
    gpu.instances |= uint32_t{1} << (g.FindPlacement(g.FindProfile(profile), start) - g.placements().data());
  }
  return gpu;
}

// Every state that can be reached from `gpu`.
std::set<uint32_t> Reachable(const MigGpu& gpu) {
  const MigGeometry& geometry = MigGeometries()[static_cast<size_t>(gpu.geometry)];
  std::set<uint32_t> seen = {gpu.instances};
  std::vector<MigGpu> open = {gpu};
  while (!open.empty()) {
    const MigGpu state = open.back();
    open.pop_back();
    for (const MigProfile& profile : geometry.profiles()) {
      for (const MigGpu& next : WithOneMore(state, profile.name)) {
        if (seen.insert(next.instances).second) open.push_back(next);
      }
    }
  }
  return seen;
}

TEST(MigGpu, ReachesTheStatesThatWereEnumerated) {
  EXPECT_EQ(Reachable(Gpu("A100-40GB")).size(), 2319u);
  EXPECT_EQ(Reachable(Gpu("A30-24GB")).size(), 84u);
}

// What is expected, against every way in which instances can have ended.
TEST(MigGpu, ExpectsTheStartsThatAreFreeOnAverage) {
  for (const absl::string_view name : {"A100-40GB", "A30-24GB"}) {
    const MigGeometry& geometry = *FindMigGeometry(name);
    for (const uint32_t state : Reachable(Gpu(name))) {
      for (const absl::string_view profile : {"7g.40gb", "3g.20gb", "1g.5gb", "4g.24gb", "2g.12gb"}) {
        const int p = geometry.FindProfile(profile);
        if (p < 0) continue;
        double expected = 0;
        for (uint32_t left = state;; left = (left - 1) & state) {
          const MigGpu gpu{NumberOf(name), left};
          const int ended = __builtin_popcount(state) - __builtin_popcount(left);
          expected += std::pow(kEnded, ended) * std::pow(1 - kEnded, __builtin_popcount(left)) *
                      geometry.FreeStarts(TakenOf(gpu), p);
          if (left == 0) break;
        }
        ASSERT_NEAR(StartsToExpect({NumberOf(name), state}, profile), expected, 1e-9) << name << " " << state;
      }
    }
  }
}

TEST(MigGpu, OneThatOnlyOneCanHaveIsExpectedOnce) {
  EXPECT_EQ(StartsToExpect(Gpu("A100-40GB"), "1g.5gb+me"), 1);
  EXPECT_EQ(StartsToExpect(Gpu("A100-40GB"), "9g.90gb"), 0);
}

// Where the GPU goes that loses least when one of `profile` comes, if all kinds of pods came alike.
class GpuChoice : public testing::Test {
 protected:
  GpuChoice() : worth_([](int32_t, uint64_t) { return true; }) {}

  MigGpu Choose(const std::vector<MigGpu>& gpus, const std::string& profile) {
    for (const MigGpu& gpu : gpus) worth_.Enter(worth_.Find({.mig = gpu}));
    for (const char* kind : {"1g.5gb", "1g.10gb", "2g.10gb", "3g.20gb", "4g.20gb", "7g.40gb"}) Ask(kind);
    const size_t ask = Ask(profile);
    Worth::Loss least;
    for (const MigGpu& gpu : gpus) {
      const Worth::Loss loss = worth_.LossOf(worth_.Find({.mig = gpu}), ask);
      if (loss.after != kNoRoom && (least.after == kNoRoom || loss.value < least.value)) least = loss;
    }
    return least.after == kNoRoom ? MigGpu{} : worth_.room(least.after).mig;
  }
  size_t Ask(const std::string& profile) {
    const MigGeometry& geometry = *FindMigGeometry("A100-40GB");
    const int size = geometry.profiles()[static_cast<size_t>(geometry.FindProfile(profile))].size;
    return worth_.Asked({.profile = profile, .worth = static_cast<float>(size) / 8});
  }

  Worth worth_;
};

TEST_F(GpuChoice, AnUncutGpuIsLeftWhereAnotherHasAStart) {
  EXPECT_EQ(Choose({Gpu("A100-40GB"), Gpu("A100-40GB", {{"3g.20gb", 4}})}, "1g.5gb").instances &
                Gpu("A100-40GB", {{"3g.20gb", 4}}).instances,
            Gpu("A100-40GB", {{"3g.20gb", 4}}).instances);
}

TEST_F(GpuChoice, ThreeSlicesGoWhereFourCanNot) {
  EXPECT_EQ(Choose({Gpu("A100-40GB")}, "3g.20gb"), Gpu("A100-40GB", {{"3g.20gb", 4}}));
}

TEST_F(GpuChoice, SmallOnesGatherWhereOthersAre) {
  const MigGpu beside_large = Gpu("A100-40GB", {{"4g.20gb", 0}});
  const MigGpu beside_small = Gpu("A100-40GB", {{"1g.5gb", 0}, {"1g.5gb", 1}, {"1g.5gb", 2}, {"1g.5gb", 3}});
  const MigGpu chosen = Choose({beside_large, beside_small}, "1g.10gb");
  EXPECT_EQ(chosen.instances & beside_small.instances, beside_small.instances);
}

TEST_F(GpuChoice, WhereNoStartIsFreeThereIsNoRoom) {
  EXPECT_FALSE(Choose({Gpu("A100-40GB", {{"1g.5gb", 0}})}, "7g.40gb").exists());
}

TEST(Room, OfAGpuThatIsCutIsForInstancesAlone) {
  const Room gpu{.mig = Gpu("A100-40GB")};
  EXPECT_FALSE(HasRoom(gpu, {.cpu_millis = 0}));
  EXPECT_TRUE(HasRoom(gpu, {.profile = "1g.5gb"}));
  EXPECT_FALSE(HasRoom({.cpu_millis = 1000, .gpus = {1000}}, {.profile = "1g.5gb"}));
  EXPECT_EQ(RoomsAfter(gpu, {.profile = "2g.10gb"}).size(), 3u);
  EXPECT_EQ(Usable(gpu, {.gpus = 1, .milli = 1000}), 0);
}

}  // namespace
}  // namespace muster
