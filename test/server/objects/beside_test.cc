// SPDX-License-Identifier: Apache-2.0
// Budgets, overlays and provisioning requests.
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "server/objects/objects.h"

namespace muster {
namespace {

using Json = nlohmann::json;
using testing::HasSubstr;

DisruptionBudget Budget(const std::string& spec) {
  return DecodeDisruptionBudget(
             Json::parse(R"({"metadata":{"namespace":"ml","name":"b"},"spec":)" + spec + "}"))
      .value();
}

TEST(DecodeDisruptionBudget, SaysWhetherItSparesASinglePod) {
  for (const char* spares : {R"({"minAvailable":1})", R"({"minAvailable":"1%"})", R"({"maxUnavailable":0})",
                             R"({"maxUnavailable":"0%"})", R"({})", R"({"minAvailable":null})"}) {
    EXPECT_TRUE(Budget(spares).spares_one) << spares;
  }
  for (const char* does_not : {R"({"minAvailable":0})", R"({"minAvailable":"0%"})", R"({"maxUnavailable":1})",
                               R"({"maxUnavailable":"10%"})"}) {
    EXPECT_FALSE(Budget(does_not).spares_one) << does_not;
  }
}

TEST(DecodeDisruptionBudget, WithoutASelectorItIsForNoPodAndWithAnEmptyOneForAll) {
  EXPECT_FALSE(Matches(Budget("{}").selector, {{"app", "x"}}));
  EXPECT_TRUE(Matches(Budget(R"({"selector":{}})").selector, {{"app", "x"}}));
  EXPECT_FALSE(DecodeDisruptionBudget(Json::parse(R"({"metadata":{}})")).ok());
}

absl::StatusOr<NodeOverlay> Overlay(const std::string& spec) {
  return DecodeNodeOverlay(Json::parse(R"({"metadata":{"name":"o"},"spec":)" + spec + "}"));
}

TEST(DecodeNodeOverlay, ReadsPricesAndAdjustments) {
  EXPECT_EQ(Overlay(R"({"price":"1.25"})")->change, (PriceChange{.price = 1.25}));
  EXPECT_EQ(Overlay(R"({"priceAdjustment":"-10%"})")->change,
            (PriceChange{.price = std::nullopt, .factor = 0.9}));
  EXPECT_EQ(Overlay(R"({"priceAdjustment":"+5.00"})")->change,
            (PriceChange{.price = std::nullopt, .factor = 1, .added = 5}));
  const auto with = Overlay(R"({"weight":7,"requirements":[{"key":"a","operator":"In","values":["x"]}]})");
  EXPECT_EQ(with->weight, 7);
  EXPECT_EQ(with->requirements.size(), 1);
}

TEST(DecodeNodeOverlay, WhatIsNoPriceIsNamed) {
  for (const char* bad :
       {R"({"price":"-1"})", R"({"price":"cheap"})", R"({"price":"nan"})", R"({"price":"inf"})"})
    EXPECT_THAT(std::string(Overlay(bad).status().message()), HasSubstr("price")) << bad;
  for (const char* bad :
       {R"({"priceAdjustment":"5"})", R"({"priceAdjustment":"%"})", R"({"priceAdjustment":"-101%"})",
        R"({"priceAdjustment":"+x"})", R"({"priceAdjustment":5})"})
    EXPECT_THAT(std::string(Overlay(bad).status().message()), HasSubstr("priceAdjustment")) << bad;
}

Json RequestObject() {
  return Json::parse(
      R"({"metadata":{"namespace":"ml","name":"muster-t-0","labels":{"app.kubernetes.io/managed-by":"muster"},
    "annotations":{"muster.dev/gang":"t","muster.dev/attempt":"3"},"creationTimestamp":"2026-01-01T00:00:00Z"},
    "spec":{"podSets":[{"podTemplateRef":{"name":"muster-t-0-0"},"count":2}]},
    "status":{"conditions":[{"type":"Provisioned","status":"False","reason":"CapacityIsNotFound","message":"no"},
                            {"type":"Accepted","status":"True"},{"type":"SomethingNew","status":"True"}]}})");
}

TEST(DecodeProvisioningRequest, ReadsItsOwnAndLeavesOthers) {
  const auto request = DecodeProvisioningRequest(RequestObject()).value().value();
  EXPECT_EQ(request.gang, GangId("ml", "t"));
  EXPECT_EQ(request.attempt, 3);
  EXPECT_TRUE(request.accepted.holds());
  EXPECT_EQ(request.provisioned.reason, "CapacityIsNotFound");
  EXPECT_FALSE(request.provisioned.holds());
  EXPECT_THAT(request.templates, testing::ElementsAre("muster-t-0-0"));
  Json other = RequestObject();
  other["metadata"]["labels"] = nullptr;
  EXPECT_EQ(DecodeProvisioningRequest(other).value(), std::nullopt);
}

TEST(DecodeProvisioningRequest, WhatCanNotBeReadIsNamed) {
  for (const char* attempt : {"", "x", "-1", "99999999999999999999"}) {
    Json bad = RequestObject();
    bad["metadata"]["annotations"]["muster.dev/attempt"] = attempt;
    EXPECT_THAT(std::string(DecodeProvisioningRequest(bad).status().message()),
                HasSubstr("muster.dev/attempt"));
  }
  Json odd = RequestObject();
  odd["status"]["conditions"] = 5;
  EXPECT_FALSE(DecodeProvisioningRequest(odd).ok());
  EXPECT_FALSE(DecodeProvisioningRequest(Json::array()).ok());
}

TEST(DecodePod, ReadsWhatScaleUpNeeds) {
  const auto pod = DecodePod(Json::parse(R"({"metadata":{"name":"p","annotations":{
    "autoscaling.x-k8s.io/consume-provisioning-request":"r"}},"spec":{"preemptionPolicy":"Never",
    "schedulingGates":[{"name":"muster.dev/gang"}]}})"));
  EXPECT_EQ(pod->consumes, "r");
  EXPECT_FALSE(pod->may_preempt);
  EXPECT_TRUE(pod->has_own_gate());
  EXPECT_FALSE(pod->gated_by_others());
}

}  // namespace
}  // namespace muster
