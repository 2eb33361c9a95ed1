// SPDX-License-Identifier: Apache-2.0
#include "scheduling/replay/mig_loss.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "scheduling/gpu/mig_products.h"

namespace muster::replay {
namespace {

MigCluster ClusterOf(size_t gpus) {
  MigCluster cluster = MigLossCluster();
  cluster.gpus.resize(gpus);
  return cluster;
}

std::vector<MigArrival> ArrivalsOf(const MigCluster& cluster, const MigMix& mix, double load, double end,
                                   unsigned seed) {
  std::mt19937_64 random(seed);
  return MigArrivals(cluster, mix, load, end, [&] { return static_cast<double>(random() >> 11) * 0x1p-53; });
}

TEST(MigArrivals, AskForTheLoadByTheSharesOfTheMix) {
  const MigCluster cluster = MigLossCluster();
  const MigGeometry& geometry = MigGeometries()[static_cast<size_t>(cluster.geometry)];
  for (const MigMix& mix : MigMixes()) {
    const std::vector<MigArrival> arrivals = ArrivalsOf(cluster, mix, 1.2, 200, 1);
    std::vector<double> shares(mix.shares.size());
    double work = 0;  // slices times time
    for (const MigArrival& pod : arrivals) {
      shares[pod.kind] += 1.0 / static_cast<double>(arrivals.size());
      const int profile = geometry.FindProfile(cluster.asks[pod.kind].profile);
      work += geometry.profiles()[static_cast<size_t>(profile)].size * (pod.leaves - pod.comes);
    }
    for (size_t k = 0; k < shares.size(); ++k) EXPECT_NEAR(shares[k], mix.shares[k], 0.01) << mix.name;
    EXPECT_NEAR(work / 200 / 800, 1.2, 0.03) << mix.name;
    EXPECT_TRUE(std::is_sorted(arrivals.begin(), arrivals.end(),
                               [](const auto& a, const auto& b) { return a.comes < b.comes; }));
  }
}

// Erlang's formula is exact where all pods ask for a whole GPU, however they are placed.
TEST(MigLoss, IsErlangsWhereAllAskForWholeGpus) {
  const MigCluster cluster = ClusterOf(10);
  const MigMix whole = {"whole", {0, 0, 0, 0, 0, 1}};
  const double load = 12;  // lifetimes of GPUs, on 10
  double blocked = 1;
  for (int n = 1; n <= 10; ++n) blocked = load * blocked / (n + load * blocked);
  const std::vector<MigArrival> arrivals = ArrivalsOf(cluster, whole, load / 10, 3000, 2);
  EXPECT_NEAR(PooledAcceptance(cluster, arrivals, 10), 1 - blocked, 0.01);
  for (const absl::string_view policy : MigPolicyNames()) {
    EXPECT_EQ(MigAcceptance(cluster, arrivals, 10, policy), PooledAcceptance(cluster, arrivals, 10))
        << policy;
  }
}

// One GPU by hand: 3g at the start where 4g does not fit leaves room for 4g.
TEST(MigLoss, PoliciesDifferInTheStart) {
  const MigCluster cluster = ClusterOf(1);
  const size_t three = 3;
  const size_t four = 4;
  const std::vector<MigArrival> arrivals = {{0, 10, three}, {1, 10, four}};
  EXPECT_EQ(MigAcceptance(cluster, arrivals, 0, "first-fit"), 0.5);
  EXPECT_EQ(MigAcceptance(cluster, arrivals, 0, "hami"), 1);
  EXPECT_EQ(PooledAcceptance(cluster, arrivals, 0), 1);
}

TEST(MigLoss, HamiGoesToTheFullestNodeAndItsEmptiestGpu) {
  MigCluster cluster = ClusterOf(4);
  cluster.gpus_per_node = 2;
  const auto hami = MakeMigPolicy("hami", cluster);
  cluster.gpus[2].instances = 1;
  hami->Changed(2);
  const auto spot = hami->Choose(2);
  ASSERT_TRUE(spot.has_value());
  EXPECT_EQ(spot->gpu, 3u);
  const auto packed = MakeMigPolicy("packed", cluster)->Choose(2);
  ASSERT_TRUE(packed.has_value());
  EXPECT_EQ(packed->gpu, 2u);
}

TEST(MigLoss, InstancesThatLeaveMakeRoomAgain) {
  const MigCluster cluster = ClusterOf(1);
  const std::vector<MigArrival> arrivals = {{0, 1, 5}, {0.5, 2, 5}, {1, 2, 5}, {3, 4, 5}};
  for (const absl::string_view policy : MigPolicyNames()) {
    EXPECT_EQ(MigAcceptance(cluster, arrivals, 0, policy), 0.75) << policy;
  }
  EXPECT_EQ(PooledAcceptance(cluster, arrivals, 0), 0.75);
  EXPECT_EQ(MakeMigPolicy("unknown", cluster), nullptr);
}

// Nobody is lost for whom there is a start, nobody is placed over another: against the slices by hand.
TEST(MigLoss, LosesNobodyWhoHasAStart) {
  MigCluster cluster = ClusterOf(5);
  const MigGeometry& geometry = MigGeometries()[static_cast<size_t>(cluster.geometry)];
  std::mt19937_64 random(7);
  for (const absl::string_view name : MigPolicyNames()) {
    for (MigGpu& gpu : cluster.gpus) gpu.instances = 0;
    const auto policy = MakeMigPolicy(name, cluster);
    for (int step = 0; step < 3000; ++step) {
      const size_t g = random() % cluster.gpus.size();
      if (random() % 3 == 0 && cluster.gpus[g].instances != 0) {
        cluster.gpus[g].instances &= cluster.gpus[g].instances - 1;
        policy->Changed(g);
        continue;
      }
      const size_t kind = random() % cluster.asks.size();
      const int profile = geometry.FindProfile(cluster.asks[kind].profile);
      const bool any = std::any_of(cluster.gpus.begin(), cluster.gpus.end(), [&](const MigGpu& gpu) {
        return geometry.FreeStarts(TakenOf(gpu), profile) > 0;
      });
      const auto spot = policy->Choose(kind);
      ASSERT_EQ(spot.has_value(), any) << name;
      if (!spot.has_value()) continue;
      const MigPlacement& at = geometry.placements()[spot->placement];
      ASSERT_EQ(at.profile, profile) << name;
      ASSERT_EQ(at.mask & TakenOf(cluster.gpus[spot->gpu]), 0u) << name;
      cluster.gpus[spot->gpu].instances |= uint32_t{1} << spot->placement;
      policy->Changed(spot->gpu);
    }
  }
}

}  // namespace
}  // namespace muster::replay
