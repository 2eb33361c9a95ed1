// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "test/simulation/script_player.h"

namespace muster::test {
namespace {

std::vector<std::string> Scripts() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(MUSTER_TEST_DATA "/simulation/scripts")) {
    if (entry.path().extension() == ".json") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

class Script : public testing::TestWithParam<std::string> {};

TEST_P(Script, IsWhatTheSimulatedKubeSchedulerDoes) {
  std::ifstream file(MUSTER_TEST_DATA "/simulation/scripts/" + GetParam() + ".json");
  EXPECT_EQ(ScriptPlayer().Play(nlohmann::json::parse(file)), "");
}

INSTANTIATE_TEST_SUITE_P(Simulation, Script, testing::ValuesIn(Scripts()),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace muster::test
