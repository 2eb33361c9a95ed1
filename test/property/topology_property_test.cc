// SPDX-License-Identifier: Apache-2.0
// The planner's topology rules against a brute force that tries every
// assignment and looks at each whole, on small random clusters.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "scheduling/declare/assemble.h"
#include "test/property/topology_cases.h"
#include "test/support/builders.h"

namespace muster {
namespace {

using test::AnyAssignment;
using test::IsPossible;
using test::MakeTopologyCase;
using test::MakeZonedCase;
using test::NodeOf;
using test::NodesOf;
using test::Plan;
using test::RacksOf;
using test::Show;
using test::TopologyCase;
using test::TopologyJudge;

constexpr int kCases = test::Cases(50'000);

void CompareVerdicts(TopologyCase (*make)(uint32_t), int cases) {
  int placed = 0;
  int refused = 0;
  for (uint32_t seed = 0; seed < static_cast<uint32_t>(cases); ++seed) {
    const TopologyCase c = make(seed);
    const auto result = Plan(c);
    const auto* refusal = std::get_if<Refusal>(&result);
    if (refusal != nullptr && refusal->kind == Refusal::Kind::kInvalid) continue;
    const TopologyJudge judge(c);
    if (refusal == nullptr) {
      ++placed;
      const std::vector<NodeName> nodes = NodesOf(c, std::get<Seats>(result));
      ASSERT_TRUE(judge.Allows(nodes)) << "seed " << seed << "\n" << Show(c, nodes);
    } else {
      ++refused;
      ASSERT_FALSE(IsPossible(c)) << "seed " << seed << ": " << refusal->text << "\n" << Show(c, {});
      ASSERT_LT(refusal->fits, refusal->of) << "seed " << seed;
    }
  }
  // Both verdicts must be well represented, or the comparison proves little.
  EXPECT_GT(placed, cases / 5);
  EXPECT_GT(refused, cases / 5);
}

TEST(TopologyProperty, VerdictEqualsBruteForceAndSeatsKeepEveryRule) {
  CompareVerdicts(MakeTopologyCase, kCases);
}

TEST(TopologyProperty, VerdictEqualsBruteForceInThreeLevels) { CompareVerdicts(MakeZonedCase, kCases); }

// How many domains of each level the nodes are in, outermost first.
std::vector<int64_t> DomainsOf(const TopologyCase& c, const std::vector<NodeName>& nodes) {
  const TopologyJudge judge(c);
  std::vector<int64_t> domains;
  for (const Level& level : c.topologies.all[0].tree.levels())
    domains.push_back(judge.Domains(level.name, nodes));
  return domains;
}

void CompareDomains(TopologyCase (*make)(uint32_t), int cases) {
  int compared = 0;
  int split = 0;  // no one domain of the outermost level holds it
  for (uint32_t seed = 0; seed < static_cast<uint32_t>(cases); ++seed) {
    TopologyCase c = make(seed);
    // Members alike that ask for closeness alone, none of them bound.
    const bool alike = std::all_of(c.gang.members.begin(), c.gang.members.end(), [&](const auto& member) {
      return !member->bound() && member->shape == c.gang.members[0]->shape;
    });
    if (!alike || !c.gang.subgroups.empty()) continue;
    c.gang.topology = TopologyDemand();
    c.gang.topology.preferred = "rack";
    const auto result = Plan(c);
    if (!std::holds_alternative<Seats>(result)) continue;
    const TopologyJudge judge(c);
    std::vector<int64_t> fewest;
    AnyAssignment(c, [&](const auto& nodes) {
      if (judge.Allows(nodes) && (fewest.empty() || DomainsOf(c, nodes) < fewest))
        fewest = DomainsOf(c, nodes);
      return false;
    });
    const std::vector<NodeName> nodes = NodesOf(c, std::get<Seats>(result));
    std::vector<int64_t> domains = DomainsOf(c, nodes);
    ++compared;
    split += domains[0] > 1 ? 1 : 0;
    // A domain goes before a node that is in none, whatever is further in.
    const auto& tree = c.topologies.all[0].tree;
    if (tree.NodesOutside(tree.levels().size() - 1) > 0) domains.resize(1);
    fewest.resize(domains.size());
    ASSERT_EQ(domains, fewest) << "seed " << seed << "\n" << Show(c, nodes);
  }
  EXPECT_GT(compared, cases / 100);
  EXPECT_GT(split, cases / 500);
}

TEST(TopologyProperty, NeverOnMoreDomainsOfAnyLevelThanTheFewest) {
  CompareDomains(MakeTopologyCase, kCases / 2);
}

TEST(TopologyProperty, NeverOnMoreDomainsOfThreeLevelsThanTheFewest) {
  CompareDomains(MakeZonedCase, kCases / 2);
}

TEST(TopologyProperty, RenamingNodesKeepsTheVerdict) {
  for (uint32_t seed = 0; seed < 2'000; ++seed) {
    const TopologyCase c = MakeTopologyCase(seed);
    TopologyCase renamed{.view = {}, .gang = {}, .topologies = {}};
    const auto name = [](const NodeName& node) {
      // Reverses the order.
      return node.empty() ? node : NodeName(absl::StrCat("n", '9' - node.text().back() + '0'));
    };
    c.view.nodes().ForEach([&](const NodeName&, const NodeState& state) {
      Node node = *state.node;
      node.name = name(node.name);
      renamed.view.Upsert(node);
    });
    c.view.pods().ForEach([&](const PodName&, const auto& pod) {
      Pod copy = *pod;
      copy.node = name(copy.node);
      renamed.view.Upsert(copy);
    });
    renamed.gang = declare::AssembleGang(renamed.view, c.gang.id);
    renamed.topologies = RacksOf(renamed.view);
    EXPECT_EQ(Plan(c).index(), Plan(renamed).index()) << "seed " << seed;
  }
}

TEST(TopologyProperty, MoreRoomNeverTurnsAFitIntoARefusal) {
  for (uint32_t seed = 0; seed < 4'000; ++seed) {
    TopologyCase c = MakeTopologyCase(seed);
    if (std::holds_alternative<Refusal>(Plan(c))) continue;
    Node more = NodeOf("more", 4);
    more.labels["rack"] = absl::StrCat("r", seed % 4);
    c.view.Upsert(more);
    Node useless = NodeOf("useless", 0);
    useless.unschedulable = true;
    c.view.Upsert(useless);
    c.topologies = RacksOf(c.view);
    EXPECT_TRUE(std::holds_alternative<Seats>(Plan(c))) << "seed " << seed;
  }
}

// Nobody may use the new nodes, in racks of their own and in those of others:
// not a seat may change for them, nor may a count of members.
TEST(TopologyProperty, NodesThatNobodyMayUseChangeNothing) {
  int placed = 0;
  for (uint32_t seed = 0; seed < 2'000; ++seed) {
    TopologyCase c = MakeTopologyCase(seed);
    const auto before = Plan(c);
    for (int n = 0; n < 6; ++n) {
      Node useless = NodeOf(absl::StrCat(n % 2 == 0 ? "a-" : "z-", n), 4);
      useless.labels["rack"] = n < 3 ? absl::StrCat("r", n) : absl::StrCat("s", n);
      useless.unschedulable = true;
      c.view.Upsert(useless);
    }
    c.topologies = RacksOf(c.view);
    const auto after = Plan(c);
    ASSERT_EQ(before.index(), after.index()) << "seed " << seed;
    if (const auto* refusal = std::get_if<Refusal>(&before)) {
      ASSERT_EQ(refusal->fits, std::get<Refusal>(after).fits) << "seed " << seed << " " << refusal->text;
    } else {
      ++placed;
      ASSERT_EQ(std::get<Seats>(before), std::get<Seats>(after)) << "seed " << seed;
    }
  }
  EXPECT_GT(placed, 200);
}

}  // namespace
}  // namespace muster
