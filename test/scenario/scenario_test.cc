// SPDX-License-Identifier: Apache-2.0
// Every file of test/scenarios, against every subject.
#include "test/scenario/scenario.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace muster::test {
namespace {

std::vector<std::string> ScenarioNames() {
  std::vector<std::string> names;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::string(MUSTER_TEST_DATA) + "/scenarios")) {
    if (entry.path().extension() == ".json") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

class Scenario : public testing::TestWithParam<std::string> {
 protected:
  static void Holds(const SubjectFactory& subject) {
    std::ifstream file(std::string(MUSTER_TEST_DATA) + "/scenarios/" + GetParam() + ".json");
    const nlohmann::json scenario = nlohmann::json::parse(file);
    EXPECT_THAT(Play(scenario, subject), testing::IsEmpty()) << scenario.at("why");
  }
};

TEST_P(Scenario, HoldsInProcess) { Holds(InProcess); }
TEST_P(Scenario, HoldsOverHttp) { Holds(OverHttp); }
TEST_P(Scenario, HoldsOverGrpc) { Holds(OverGrpc); }

INSTANTIATE_TEST_SUITE_P(Scenarios, Scenario, testing::ValuesIn(ScenarioNames()),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace muster::test
