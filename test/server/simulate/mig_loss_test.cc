// SPDX-License-Identifier: Apache-2.0
// The claim of the MIG loss bench. Seeds are fixed, so that the figures are.
#include <vector>

#include "gtest/gtest.h"
#include "server/simulate/mig_loss_protocol.h"

namespace muster::simulate {
namespace {

TEST(MigLossBench, ThreeFifthsOfTheGapFromHamiToThePoolAreClosedOnEachMix) {
  MigLossOptions options;
  options.policies = {"hami", "packed", "muster"};
  options.seeds = 2;
  const std::vector<MigLossResult> results = RunMigLoss(options);
  ASSERT_EQ(results.size(), 4u);
  for (const MigLossResult& result : results) {
    const double hami = MeanOf(result.policies[0]);
    const double muster = MeanOf(result.policies[2]);
    EXPECT_GT(muster - hami, 0.6 * (MeanOf(result.pooled) - hami)) << result.mix;
    // Nor does it come from HAMi's choice of the GPU alone.
    EXPECT_GT(muster, MeanOf(result.policies[1])) << result.mix;
  }
}

TEST(MigLossBench, EqualSeedsGiveEqualFigures) {
  MigLossOptions options;
  options.policies = {"muster"};
  options.seeds = 1;
  options.load = 0.6;
  const auto first = RunMigLoss(options);
  const auto second = RunMigLoss(options);
  for (size_t m = 0; m < first.size(); ++m) EXPECT_EQ(first[m].policies, second[m].policies);
}

// Little is lost where little is asked for.
TEST(MigLossBench, AtHalfTheLoadNothingIsLost) {
  MigLossOptions options;
  options.policies = {"muster"};
  options.seeds = 1;
  options.load = 0.5;
  for (const MigLossResult& result : RunMigLoss(options))
    EXPECT_GT(result.policies[0][0], 0.999) << result.mix;
}

}  // namespace
}  // namespace muster::simulate
