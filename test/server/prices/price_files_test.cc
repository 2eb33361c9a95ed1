// SPDX-License-Identifier: Apache-2.0
#include "server/prices/price_files.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace muster {
namespace {

using testing::HasSubstr;

constexpr char kHeader[] =
    "EndTimestamp,InstanceID,Region,AssetClass,InstanceIDField,InstanceType,MarketPriceHourly,Version\n";
constexpr CapacityClass kOnDemand = CapacityClass::kOnDemand;

Node GpuNode() {
  Node node;
  node.name = NodeName("gke-1");
  node.provider_id = "aws:///us-east-1a/i-1";
  node.labels = {{"node.kubernetes.io/instance-type", "p5.48xlarge"},
                 {"topology.kubernetes.io/region", "us-east-1"},
                 {"gpu.nvidia.com/class", "H100"}};
  node.allocatable.Set("nvidia.com/gpu", 8);
  return node;
}

double PriceWith(const std::string& rows) {
  Prices prices;
  const absl::Status status = AddPrices("prices.csv", kHeader + rows, prices);
  EXPECT_TRUE(status.ok()) << status;
  return prices.OfNode(GpuNode(), kOnDemand);
}

TEST(PriceFiles, ANodeIsPricedByItsFields) {
  EXPECT_EQ(PriceWith("2026-01-01 00:00:00 UTC,aws:///us-east-1a/i-1,,node,spec.providerID,,98.32,v1\n"),
            98.32);
  EXPECT_EQ(PriceWith("t,gke-1,us-east-1,node,metadata.name,,7,\n"), 7);
  EXPECT_EQ(PriceWith("t,p5.48xlarge,,node,metadata.labels.node.kubernetes.io/instance-type,,6,\r\n"), 6);
  EXPECT_EQ(PriceWith("t,another,us-east-1,node,metadata.name,p5.48xlarge,5,\n"), 5);
  EXPECT_EQ(PriceWith("t,\"gke-1\",,node,metadata.name,,\"4\",\n\n"), 4);
}

TEST(PriceFiles, AGpuIsPricedByALabelOfItsNode) {
  EXPECT_NEAR(PriceWith("t,H100,,gpu,gpu.nvidia.com/class,,2.5,\n"), 20, 1e-9);
}

TEST(PriceFiles, VolumesAreSkipped) {
  EXPECT_NEAR(PriceWith("t,pvc-1,,pv,metadata.name,,nothing,\n"), 8 * 0.95, 1e-9);
}

TEST(PriceFiles, WhatIsWrongIsNamedWithItsLine) {
  const std::pair<std::string, const char*> cases[] = {
      {"InstanceID,Price\nx,1\n", "p: line 1: want the header EndTimestamp,InstanceID"},
      {std::string(kHeader) + "t,gke-1,,node,metadata.name,,1,\nt,gke-2,,node,metadata.name,,-1,\n",
       "p: line 3: MarketPriceHourly is \"-1\"; want a number of at least 0"},
      {std::string(kHeader) + "t,gke-1,,node,metadata.name,,,\n", "p: line 2: MarketPriceHourly is \"\""},
      {std::string(kHeader) + "t,gke-1,,node,metadata.name,,nan,\n",
       "p: line 2: MarketPriceHourly is \"nan\""},
      {std::string(kHeader) + "t,gke-1,,node\n", "p: line 2: has 4 fields; want 8"},
      {std::string(kHeader) + "t,gke-1,,disk,metadata.name,,1,\n", "p: line 2: AssetClass is \"disk\""},
      {std::string(kHeader) + "t,gke-1,,node,spec.name,,1,\n", "p: line 2: InstanceIDField is \"spec.name\""},
      {std::string(kHeader) + "t,,,node,,,1,\n", "p: line 2: has neither InstanceID nor InstanceType"},
      {"{\n \"CPU\": \"0.03\",\n \"RAM\": \"-2\"\n}",
       "p: line 3: RAM is \"-2\"; want a number of at least 0"},
      {"{\n \"spotCpu\": \"1\"\n}", "p: line 2: has the key \"spotCpu\"; want spotCPU"},
      {"{\"CPU\":", "p: line 1: is no JSON object"},
      {"", "p: line 1: want the header"},
  };
  for (const auto& [text, message] : cases) {
    Prices prices;
    EXPECT_THAT(std::string(AddPrices("p", text, prices).message()), HasSubstr(message));
  }
}

TEST(PriceFiles, RatesAreReadAsOpenCostHasThem) {
  Prices prices;
  ASSERT_TRUE(AddPrices("default.json",
                        R"({"provider": "base", "description": "Default prices", "CPU": "0.04",
    "spotCPU": "0.01", "RAM": "0.005", "spotRAM": "0.001", "GPU": "2", "storage": "0.00005", "spotLabel": ""})",
                        prices)
                  .ok());
  EXPECT_EQ(prices.rates(), (Rates{0.04, 0.005, 2}));
  EXPECT_EQ(prices.spot(), (Rates{0.01, 0.001, 0.5}));
}

TEST(PriceFiles, AFileThatCannotBeReadIsNamed) {
  EXPECT_THAT(std::string(LoadPrices({"/no/such/file"}, {}).status().message()), HasSubstr("/no/such/file"));
}

}  // namespace
}  // namespace muster
