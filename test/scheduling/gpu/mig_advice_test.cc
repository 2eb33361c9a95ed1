// SPDX-License-Identifier: Apache-2.0
#include "scheduling/gpu/mig_advice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <random>
#include <vector>

#include "scheduling/gpu/mig_products.h"

namespace muster {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

GpuInventory H100s(int64_t gpus, int64_t whole, int64_t small, int64_t large) {
  GpuInventory inventory;
  inventory.product = "NVIDIA-H100-80GB-HBM3";
  inventory.gpus = gpus;
  inventory.mig_geometry = "H100-80GB";
  inventory.pools = {{.resource = "nvidia.com/gpu", .units = whole},
                     {.resource = "nvidia.com/mig-1g.10gb",
                      .kind = GpuPool::Kind::kMig,
                      .profile = "1g.10gb",
                      .units = small},
                     {.resource = "nvidia.com/mig-3g.40gb",
                      .kind = GpuPool::Kind::kMig,
                      .profile = "3g.40gb",
                      .units = large}};
  return inventory;
}

Resources Free(int64_t whole, int64_t small, int64_t large) {
  Resources free;
  free.Set("nvidia.com/gpu", whole);
  free.Set("nvidia.com/mig-1g.10gb", small);
  free.Set("nvidia.com/mig-3g.40gb", large);
  return free;
}

TEST(FindMigRoom, CountsGpusThatMustBeIdle) {
  // Four GPUs, one of them whole, two cut in sevenths, one in halves.
  const GpuInventory gpus = H100s(4, 1, 14, 2);
  const auto idle = FindMigRoom(gpus, Free(0, 13, 1), "3g.40gb");
  ASSERT_TRUE(idle.has_value());
  EXPECT_EQ(idle->whole, 0);
  EXPECT_EQ(idle->idle, 1);  // two instances in use can be on two of the three at most
  EXPECT_EQ(idle->each, 2);
  EXPECT_FALSE(FindMigRoom(gpus, Free(0, 12, 1), "3g.40gb").has_value());
  EXPECT_EQ(FindMigRoom(gpus, Free(1, 0, 0), "1g.10gb")->whole, 1);
}

TEST(FindMigRoom, SaysNothingOfWhatIsNotKnown) {
  const Resources free = Free(1, 14, 2);
  EXPECT_TRUE(FindMigRoom(H100s(4, 1, 14, 2), free, "3g.40gb").has_value());
  EXPECT_FALSE(FindMigRoom(H100s(4, 1, 14, 2), free, "1g.5gb").has_value());
  EXPECT_FALSE(FindMigRoom(H100s(0, 1, 14, 2), free, "3g.40gb").has_value());
  GpuInventory unknown = H100s(4, 1, 14, 2);
  unknown.mig_geometry.clear();
  EXPECT_FALSE(FindMigRoom(unknown, free, "3g.40gb").has_value());
  GpuInventory out = H100s(4, 1, 14, 2);
  out.out_of_use = "nvidia.com/mig.config.state is pending";
  EXPECT_FALSE(FindMigRoom(out, free, "3g.40gb").has_value());
}

const MigGeometry& A100() { return *FindMigGeometry("A100-40GB"); }

PlacedInstance At(absl::string_view profile, int start, bool preemptible) {
  return {*A100().FindPlacement(A100().FindProfile(profile), start), preemptible};
}

TEST(CheapestOpening, TakesTheStartThatCostsLeast) {
  const std::vector<PlacedInstance> instances = {At("1g.5gb", 0, true), At("1g.5gb", 1, true),
                                                 At("2g.10gb", 4, true)};
  const auto opening = CheapestOpening(A100(), instances, A100().FindProfile("3g.20gb"));
  ASSERT_TRUE(opening.has_value());
  EXPECT_EQ(opening->start.start, 4);
  EXPECT_THAT(opening->victims, ElementsAre(2));
  const auto free = CheapestOpening(A100(), instances, A100().FindProfile("1g.5gb"));
  EXPECT_EQ(free->start.start, 2);
  EXPECT_THAT(free->victims, IsEmpty());
}

TEST(CheapestOpening, LeavesAloneWhatIsNotPreemptible) {
  const std::vector<PlacedInstance> instances = {At("1g.5gb", 0, true), At("1g.5gb", 6, false)};
  EXPECT_EQ(CheapestOpening(A100(), instances, A100().FindProfile("3g.20gb"))->start.start, 0);
  EXPECT_FALSE(CheapestOpening(A100(), instances, A100().FindProfile("7g.40gb")).has_value());
}

// Against every subset of the preemptible instances.
TEST(CheapestOpening, IsTheFewestOfAllSubsets) {
  std::mt19937 random(7);
  const auto pick = [&](size_t below) { return std::uniform_int_distribution<size_t>(0, below - 1)(random); };
  for (int round = 0; round < 2000; ++round) {
    std::vector<PlacedInstance> instances;
    MigMask taken = 0;
    for (int attempt = 0; attempt < 6; ++attempt) {
      const MigPlacement& at = A100().placements()[pick(A100().placements().size())];
      if ((at.mask & taken) != 0) continue;
      taken |= at.mask;
      instances.push_back({at, pick(3) > 0});
    }
    const int profile = static_cast<int>(pick(A100().profiles().size()));
    std::optional<size_t> fewest;
    for (uint32_t subset = 0; subset < (1U << instances.size()); ++subset) {
      MigMask left = 0;
      size_t ended = 0;
      bool allowed = true;
      for (size_t i = 0; i < instances.size(); ++i) {
        const bool ends = (subset >> i & 1) != 0;
        ended += ends ? 1 : 0;
        allowed &= !ends || instances[i].preemptible;
        if (!ends) left |= instances[i].at.mask;
      }
      if (!allowed || A100().FreeStarts(left, profile) == 0) continue;
      fewest = std::min(fewest.value_or(ended), ended);
    }
    const auto opening = CheapestOpening(A100(), instances, profile);
    ASSERT_EQ(opening.has_value(), fewest.has_value());
    if (!opening.has_value()) continue;
    ASSERT_EQ(opening->victims.size(), *fewest);
  }
}

}  // namespace
}  // namespace muster
