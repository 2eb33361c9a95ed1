// SPDX-License-Identifier: Apache-2.0
#include "scheduling/capacity/mix.h"

#include <vector>

#include "gtest/gtest.h"

namespace muster {
namespace {

CapacityMix Mix(int64_t base, int64_t percent) {
  CapacityMix mix;
  mix.base = base;
  mix.percent_above = percent;
  return mix;
}

TEST(KeptShare, IsTheBaseAndThePercentageOfTheRestRoundedUp) {
  // The example that users of Auto Scaling groups know: base 2, 50 %, 10 wanted.
  EXPECT_EQ(KeptShare(Mix(2, 50), 10), 6);
  EXPECT_EQ(KeptShare(Mix(3, 50), 3), 3);
  EXPECT_EQ(KeptShare(Mix(3, 50), 4), 4);
  EXPECT_EQ(KeptShare(Mix(3, 50), 5), 4);
  EXPECT_EQ(KeptShare(Mix(3, 0), 10), 3);
  EXPECT_EQ(KeptShare(Mix(0, 100), 10), 10);
  EXPECT_EQ(KeptShare(Mix(0, 0), 10), 0);
  EXPECT_EQ(KeptShare(Mix(20, 0), 10), 10);
  EXPECT_EQ(KeptShare(Mix(0, 1), 1), 1);
  EXPECT_EQ(KeptShare(Mix(0, 33), 100), 33);
}

TEST(KeptShare, GrowsWithTheTotalAndNoFasterThanThat) {
  for (int64_t base : {0, 1, 7}) {
    for (int64_t percent : {0, 1, 33, 50, 99, 100}) {
      for (int64_t total = 0; total < 300; ++total) {
        const int64_t more = KeptShare(Mix(base, percent), total + 1) - KeptShare(Mix(base, percent), total);
        ASSERT_TRUE(more == 0 || more == 1) << base << " " << percent << " " << total;
      }
    }
  }
}

TEST(NextIsKept, AWorkloadThatGrowsHasItsShareAtEachStep) {
  MixCount count;
  for (int64_t total = 1; total <= 20; ++total) {
    ++(NextIsKept(Mix(3, 50), count, 1) ? count.kept : count.other);
    ASSERT_EQ(count.kept, KeptShare(Mix(3, 50), total));
  }
}

TEST(MixWeight, IsOnePodOrItsGpus) {
  PodShape shape;
  shape.requests.Set("nvidia.com/gpu", 4);
  CapacityMix mix = Mix(3, 50);
  EXPECT_EQ(MixWeight(mix, shape), 1);
  mix.count_gpus = true;
  EXPECT_EQ(MixWeight(mix, shape), 4);
}

}  // namespace
}  // namespace muster
