// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "server/objects/objects.h"

namespace muster {
namespace {

std::shared_ptr<const PodShape> ShapeIn(const std::string& object, int32_t stage = 1) {
  GangDeclaration declaration;
  declaration.gang = GangId("ml", "train");
  SubgroupSpec part;
  part.stage = stage;
  part.like.path = "/spec/template";
  declaration.subgroups.push_back(part);
  ReadTemplates(nlohmann::json::parse(object), declaration);
  return declaration.subgroups.front().like.shape;
}

constexpr char kLimits[] = R"({"spec": {"template": {"spec": {
    "nodeSelector": {"pool": "gpu"},
    "containers": [{"name": "c", "resources": {"limits": {"cpu": "2", "nvidia.com/gpu": 8}, "requests": {"cpu": "1"}}}]}}}})";

TEST(Templates, RequestWhatTheyLimitAsPodsDo) {
  const auto shape = ShapeIn(kLimits);
  ASSERT_NE(shape, nullptr);
  EXPECT_EQ(shape->requests.cpu_millis, 1000);
  EXPECT_EQ(shape->requests.Get("nvidia.com/gpu"), 8);
  EXPECT_EQ(shape->requests.pods, 1);
  EXPECT_THAT(shape->node_selector, testing::ElementsAre(testing::Pair("pool", "gpu")));
}

TEST(Templates, OfTheFirstStageAreNotRead) { EXPECT_EQ(ShapeIn(kLimits, 0), nullptr); }

TEST(Templates, ThatMakeNoSenseStayUnknown) {
  for (
      const char* object :
      {R"({"spec": {}})", R"({"spec": {"template": 7}})", R"({"spec": {"template": {"spec": []}}})",
       R"({"spec": {"template": {"metadata": 1, "spec": {"containers": [{"resources": {"requests": {"cpu": "x"}}}]}}}})"}) {
    EXPECT_EQ(ShapeIn(object), nullptr) << object;
  }
}

}  // namespace
}  // namespace muster
