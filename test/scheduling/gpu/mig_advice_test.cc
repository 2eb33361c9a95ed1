// SPDX-License-Identifier: Apache-2.0
#include "scheduling/gpu/mig_advice.h"

#include <gtest/gtest.h>

#include <optional>

namespace muster {
namespace {

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

}  // namespace
}  // namespace muster
