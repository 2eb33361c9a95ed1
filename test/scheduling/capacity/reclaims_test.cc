// SPDX-License-Identifier: Apache-2.0
#include "scheduling/capacity/reclaims.h"

#include "gtest/gtest.h"

namespace muster {
namespace {

Node SpotNode(const std::string& type, const std::string& zone) {
  Node node;
  node.capacity = CapacityClass::kSpot;
  node.labels = {{"node.kubernetes.io/instance-type", type}, {"topology.kubernetes.io/zone", zone}};
  return node;
}

absl::Time After(absl::Duration passed) { return absl::FromUnixSeconds(1'800'000'000) + passed; }

TEST(Reclaims, APoolIsAvoidedHalfAsMuchAfterEachHalfLife) {
  Reclaims reclaims(absl::Minutes(30));
  const Node node = SpotNode("p5.48xlarge", "a");
  reclaims.Note(PoolOf(node), After(absl::ZeroDuration()));
  EXPECT_EQ(reclaims.At(After(absl::ZeroDuration())).Of(node), 10);
  EXPECT_EQ(reclaims.At(After(absl::Minutes(30))).Of(node), 5);
  EXPECT_EQ(reclaims.At(After(absl::Minutes(60))).Of(node), 3);
  EXPECT_EQ(reclaims.At(After(absl::Hours(5))).Of(node), 0);
}

TEST(Reclaims, NodesThatWereTakenBackTogetherAddUp) {
  Reclaims reclaims(absl::Minutes(30));
  const Node node = SpotNode("p5.48xlarge", "a");
  for (int i = 0; i < 3; ++i) reclaims.Note(PoolOf(node), After(absl::Minutes(30 * i)));
  EXPECT_NEAR(reclaims.Heat(PoolOf(node), After(absl::Minutes(60))), 1.75, 1e-9);
}

TEST(Reclaims, OtherTypesZonesAndClassesAreNotAvoided) {
  Reclaims reclaims(absl::Minutes(30));
  reclaims.Note(PoolOf(SpotNode("p5.48xlarge", "a")), After(absl::ZeroDuration()));
  const Penalties penalties = reclaims.At(After(absl::ZeroDuration()));
  EXPECT_EQ(penalties.Of(SpotNode("p5.48xlarge", "b")), 0);
  EXPECT_EQ(penalties.Of(SpotNode("p4d.24xlarge", "a")), 0);
  Node on_demand = SpotNode("p5.48xlarge", "a");
  on_demand.capacity = CapacityClass::kOnDemand;
  EXPECT_EQ(penalties.Of(on_demand), 0);
}

TEST(Penalties, ADeletionCandidateIsAvoidedLessThanAPoolThatWasReclaimed) {
  Node node = SpotNode("p5.48xlarge", "a");
  node.deletion_candidate = true;
  EXPECT_EQ(Penalties().Of(node), 1);
}

TEST(Reclaims, WhatCooledDownIsForgotten) {
  Reclaims reclaims(absl::Minutes(1));
  const Pool pool = PoolOf(SpotNode("p5.48xlarge", "a"));
  reclaims.Note(pool, After(absl::ZeroDuration()));
  reclaims.Forget(After(absl::Minutes(10)));
  EXPECT_EQ(reclaims.Heat(pool, After(absl::Minutes(10))), 0);
}

}  // namespace
}  // namespace muster
