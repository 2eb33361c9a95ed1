// SPDX-License-Identifier: Apache-2.0
#include "scheduling/plan/demand.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "test/support/fabric.h"

namespace muster {
namespace {

// One topology for each list of levels, which are its keys as well.
Topologies With(const std::vector<std::vector<std::string>>& topologies) {
  const test::Fabric fabric(std::vector<Labels>{{{"zone", "a"}, {"block", "b"}, {"rack", "r"}}});
  Topologies made;
  for (const std::vector<std::string>& names : topologies) {
    std::vector<Level> levels;
    for (const std::string& name : names) levels.push_back({.name = name, .key = name});
    made.all.push_back({TopologyKey{"test", names.front()}, DomainTree::ByLabels(levels, fabric.nodes())});
  }
  return made;
}

std::string Problem(const TopologyDemand& demand, const Topologies& topologies) {
  return std::string(FindDemand(demand, topologies).status().message());
}

TopologyDemand Asking(const std::string& required, const std::string& preferred, const std::string& spread) {
  TopologyDemand demand;
  demand.required = required;
  demand.preferred = preferred;
  demand.spread = spread;
  return demand;
}

TEST(FindDemand, NamesTheTwoLevelsThatNoTopologyHasTogether) {
  const Topologies topologies = With({{"zone", "rack"}, {"zone", "block"}});
  EXPECT_EQ(Problem(Asking("zone", "rack", "block"), topologies),
            "no topology has both a level rack and a level block");
}

TEST(FindDemand, NamesAllLevelsWhereAnyTwoOfThemAreTogether) {
  const Topologies topologies = With({{"zone", "rack"}, {"zone", "block"}, {"block", "rack"}});
  EXPECT_EQ(Problem(Asking("zone", "rack", "block"), topologies),
            "no topology has all the levels zone, rack, block");
}

}  // namespace
}  // namespace muster
