// SPDX-License-Identifier: Apache-2.0
#include "scheduling/engine/costs.h"

#include "gtest/gtest.h"
#include "test/support/builders.h"

namespace muster {
namespace {

TEST(Costs, AreOfWhoSitsWhereAndOfWhatIsKeptForWhoComes) {
  ClusterView view;
  for (const auto& [name, capacity] :
       {std::pair("od", CapacityClass::kOnDemand), std::pair("spot", CapacityClass::kSpot)}) {
    Node node = test::NodeOf(name, 8);
    node.capacity = capacity;
    node.labels["node.kubernetes.io/instance-type"] = name;
    view.Upsert(node);
  }
  view.Upsert(test::BoundTo(test::PodOf("half", 4), "od"));
  Pod other = test::BoundTo(test::PodOf("one", 2), "spot");
  other.name = PodName("shop", "one");
  view.Upsert(other);
  test::AddGang(view, "train", 2, 1);

  CapacityOptions options;
  NodePrice price;
  price.type = "od";
  price.hourly = 80;
  options.prices.Add(price);
  Rates gpus_alone;
  gpus_alone.gpu = 1;
  options.prices.SetRates(gpus_alone, gpus_alone);
  Ledger ledger;
  ASSERT_TRUE(ledger
                  .Reserve(view, GangId("default", "train"),
                           {SeatOf(*view.FindPod(PodName("default", "train-0")), NodeName("od"))},
                           absl::InfiniteFuture())
                  .ok());

  const Costs costs = CostsOf(view, ledger, options);
  const auto at = [](CapacityClass capacity) { return static_cast<size_t>(capacity); };
  EXPECT_NEAR(costs.namespaces.at("default").seated[at(CapacityClass::kOnDemand)], 40, 1e-9);
  EXPECT_NEAR(costs.namespaces.at("shop").seated[at(CapacityClass::kSpot)], 2, 1e-9);
  EXPECT_NEAR(costs.namespaces.at("default").waiting, 10, 1e-9);
  EXPECT_EQ(costs.gpus[at(CapacityClass::kOnDemand)], 8);
  EXPECT_EQ(costs.idle_gpus[at(CapacityClass::kOnDemand)], 4);
  EXPECT_EQ(costs.idle_gpus[at(CapacityClass::kSpot)], 6);
}

}  // namespace
}  // namespace muster
