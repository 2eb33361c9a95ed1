// SPDX-License-Identifier: Apache-2.0
#include "scheduling/capacity/prices.h"

#include "gtest/gtest.h"
#include "scheduling/model/cluster_view.h"
#include "test/support/builders.h"

namespace muster {
namespace {

constexpr CapacityClass kOnDemand = CapacityClass::kOnDemand;
constexpr CapacityClass kSpot = CapacityClass::kSpot;

Node Typed(const std::string& type, const std::string& region) {
  Node node = test::NodeOf("n", 8);
  node.labels["node.kubernetes.io/instance-type"] = type;
  node.labels["topology.kubernetes.io/region"] = region;
  node.provider_id = "aws:///a/i-1";
  return node;
}

NodePrice PriceOf(const std::string& type, const std::string& region, std::optional<CapacityClass> capacity,
                  double hourly) {
  NodePrice price;
  price.type = type;
  price.region = region;
  price.capacity = capacity;
  price.hourly = hourly;
  return price;
}

TEST(Prices, WithoutAnEntryANodeCostsTheRatesOfOpenCost) {
  const double want = 64 * 0.031611 + 64 * 0.004237 + 8 * 0.95;
  EXPECT_NEAR(Prices().OfNode(Typed("p5", "r"), kOnDemand), want, 1e-9);
  EXPECT_NEAR(Prices().OfNode(Typed("p5", "r"), CapacityClass::kUnknown), want, 1e-9);
  EXPECT_NEAR(Prices().OfNode(Typed("p5", "r"), kSpot), 64 * 0.006655 + 64 * 0.000892 + 8 * 0.2, 1e-9);
}

TEST(Prices, TheMostSpecificEntryCounts) {
  Prices prices;
  prices.Add(PriceOf("p5", "", std::nullopt, 1));
  prices.Add(PriceOf("p5", "r", kSpot, 3));
  prices.Add(PriceOf("p5", "r", std::nullopt, 2));
  EXPECT_EQ(prices.OfNode(Typed("p5", "other"), kOnDemand), 1);
  EXPECT_EQ(prices.OfNode(Typed("p5", "r"), kOnDemand), 2);
  EXPECT_EQ(prices.OfNode(Typed("p5", "r"), kSpot), 3);
  NodePrice own;
  own.field = "spec.providerID";
  own.value = "aws:///a/i-1";
  own.hourly = 4;
  prices.Add(own);
  EXPECT_EQ(prices.OfNode(Typed("p5", "r"), kSpot), 4);
}

TEST(Prices, AnUnknownNodeCostsAsOnDemand) {
  Prices prices;
  prices.Add(PriceOf("p5", "", kOnDemand, 5));
  prices.Add(PriceOf("p5", "", kSpot, 1));
  EXPECT_EQ(prices.OfNode(Typed("p5", ""), CapacityClass::kUnknown), 5);
}

TEST(Prices, AGpuPriceIsForEachGpuBesideTheRates) {
  Prices prices;
  NodePrice gpu;
  gpu.field = "metadata.labels.gpu.nvidia.com/class";
  gpu.value = "H100";
  gpu.per_gpu = true;
  gpu.hourly = 2;
  prices.Add(gpu);
  Node node = Typed("x", "");
  node.labels["gpu.nvidia.com/class"] = "H100";
  EXPECT_NEAR(prices.OfNode(node, kOnDemand), 16 + 64 * 0.031611 + 64 * 0.004237, 1e-9);
}

TEST(Prices, PodsThatFillANodeCostWhatItCosts) {
  Prices prices;
  prices.Add(PriceOf("p5", "", std::nullopt, 98.32));
  const Node node = Typed("p5", "");
  EXPECT_NEAR(8 * prices.OfShare(node, kOnDemand, test::Amounts(8, 1)), 98.32, 1e-9);
  EXPECT_LT(prices.OfShare(node, kOnDemand, test::Amounts(8, 0)), 98.32 / 20);
}

TEST(Prices, AnOverlayChangesWhatANodeCostsWhateverElseIsListed) {
  Prices prices;
  NodePrice big;
  big.type = "big";
  big.hourly = 10;
  prices.Add(big);
  Node node;
  node.labels = {{"node.kubernetes.io/instance-type", "big"}};
  node.price_change = PriceChange{.price = std::nullopt, .factor = 0.9};
  EXPECT_DOUBLE_EQ(prices.OfNode(node, CapacityClass::kSpot), 9);
  node.price_change = PriceChange{.price = std::nullopt, .factor = 1, .added = -20};
  EXPECT_DOUBLE_EQ(prices.OfNode(node, CapacityClass::kSpot), 0);
  node.price_change = PriceChange{.price = 3};
  EXPECT_DOUBLE_EQ(prices.OfNode(node, CapacityClass::kSpot), 3);
}

TEST(Prices, OfSeveralOverlaysTheHeaviestCountsAndNodesFollowThemAsTheyComeAndGo) {
  ClusterView view;
  Node node;
  node.name = NodeName("n");
  node.labels = {{"pool", "x"}};
  view.Upsert(node);
  const auto price = [&] { return view.FindNode(NodeName("n"))->node->price_change; };
  EXPECT_EQ(price(), std::nullopt);
  view.Upsert(NodeOverlay{.name = "b", .weight = 1, .requirements = {}, .change = {.price = 1}});
  view.Upsert(NodeOverlay{.name = "a", .weight = 1, .requirements = {}, .change = {.price = 2}});
  view.Upsert(NodeOverlay{.name = "c",
                          .weight = 9,
                          .requirements = {{"pool", LabelRequirement::Op::kIn, {"y"}}},
                          .change = {.price = 3}});
  EXPECT_EQ(price()->price, 2);
  view.Upsert(NodeOverlay{.name = "b", .weight = 5, .requirements = {}, .change = {.price = 4}});
  EXPECT_EQ(price()->price, 4);
  node.labels = {{"pool", "y"}};
  view.Upsert(node);
  EXPECT_EQ(price()->price, 3);
  for (const char* name : {"a", "b", "c"}) view.RemoveNodeOverlay(name);
  EXPECT_EQ(price(), std::nullopt);
}

}  // namespace
}  // namespace muster
