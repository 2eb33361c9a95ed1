// SPDX-License-Identifier: Apache-2.0
// What must not matter, on clusters too large for a search of all assignments:
// how things are called, in which order they became known, and more room.
#include <algorithm>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "scheduling/declare/assemble.h"
#include "scheduling/plan/planner.h"
#include "test/property/topology_cases.h"
#include "test/support/builders.h"

namespace muster {
namespace {

using test::Plan;
using test::TopologyCase;
using test::ZonesOf;

constexpr uint32_t kCases = test::Cases(1'000);

class Dice {
 public:
  explicit Dice(uint32_t seed) : random_(seed) {}
  int Pick(int low, int high) { return std::uniform_int_distribution(low, high)(random_); }
  bool OneIn(int n) { return Pick(1, n) == 1; }

 private:
  std::mt19937 random_;
};

void AddNodes(Dice& dice, ClusterView& view) {
  const int nodes = dice.Pick(70, 110);
  const int busy = dice.Pick(1, 4);
  for (int n = 0; n < nodes; ++n) {
    Node node = test::NodeOf(absl::StrCat("node-", 1000 + n), 8);
    node.labels["zone"] = absl::StrCat("z", n / 40);
    node.labels["rack"] = absl::StrCat("r", n / 8 % 5);
    const std::string name = node.name.text();
    view.Upsert(std::move(node));
    if (dice.Pick(0, 4) < busy)
      view.Upsert(test::BoundTo(test::PodOf(absl::StrCat("busy-", n), dice.Pick(1, 8)), name));
  }
}

TopologyDemand SomeDemand(Dice& dice, int members) {
  static const char* const kLevels[] = {"zone", "rack", "host"};
  TopologyDemand demand;
  demand.unconstrained = true;
  if (dice.OneIn(2)) demand.required = kLevels[dice.Pick(0, 1)];
  if (dice.OneIn(4)) demand.preferred = kLevels[dice.Pick(0, 2)];
  if (members % 4 == 0 && dice.OneIn(3)) {
    demand.slices = {{"rack", 4}, {"host", 2}};
  } else if (dice.OneIn(6)) {
    demand.spread = "host";
  }
  return demand;
}

PodTerms SomeTerms(Dice& dice) {
  const PodSelector all = std::vector<LabelRequirement>{{"app", LabelRequirement::Op::kIn, {"train"}}};
  PodTerms terms;
  if (dice.OneIn(2))
    terms.spread.push_back({dice.OneIn(2) ? "zone" : "rack", dice.Pick(1, 3), 1, all, true, false});
  if (dice.OneIn(3))
    terms.anti_affinity.push_back({"kubernetes.io/hostname", all, {"default"}, std::nullopt});
  return terms;
}

TopologyCase MakeCase(uint32_t seed) {
  Dice dice(seed);
  TopologyCase c;
  AddNodes(dice, c.view);
  const int members = dice.Pick(2, 30);
  const TopologyDemand demand = SomeDemand(dice, members);
  const int shapes = demand.slices.empty() ? dice.Pick(1, 2) : 1;
  std::vector<Pod> samples;
  for (int s = 0; s < shapes; ++s) {
    Pod& sample = samples.emplace_back(test::PodOf("sample", dice.Pick(1, 8)));
    sample.labels["app"] = "train";
    PodTerms terms = dice.OneIn(3) ? SomeTerms(dice) : PodTerms();
    if (terms.empty()) continue;
    Identify("default", sample.labels, terms);
    sample.shape.terms = std::move(terms);
  }
  for (int m = 0; m < members; ++m) {
    const Pod& sample = samples[static_cast<size_t>(dice.Pick(0, shapes - 1))];
    Pod pod = test::MemberOf("train", members, m, 0);
    pod.shape = sample.shape;
    pod.labels = sample.labels;
    pod.membership->topology = demand;
    c.view.Upsert(pod);
  }
  c.gang = declare::AssembleGang(c.view, GangId("default", "train"));
  c.topologies = ZonesOf(c.view);
  return c;
}

// The case with all nodes and pods made known in reverse, after `change`.
template <typename Change>
TopologyCase Remade(const TopologyCase& c, const Change& change) {
  std::vector<Node> nodes;
  std::vector<Pod> pods;
  c.view.nodes().ForEach([&](const NodeName&, const NodeState& state) { nodes.push_back(*state.node); });
  c.view.pods().ForEach([&](const PodName&, const auto& pod) { pods.push_back(*pod); });
  TopologyCase made;
  for (auto pod = pods.rbegin(); pod != pods.rend(); ++pod) {
    if (!pod->node.empty()) pod->node = NodeName(change(pod->node.text()));
    made.view.Upsert(*pod);
  }
  for (auto node = nodes.rbegin(); node != nodes.rend(); ++node) {
    node->name = NodeName(change(node->name.text()));
    made.view.Upsert(*node);
  }
  made.gang = declare::AssembleGang(made.view, c.gang.id);
  made.topologies = ZonesOf(made.view);
  return made;
}

TEST(LargeClusterProperty, TheOrderInWhichThingsBecameKnownChangesNothing) {
  int placed = 0;
  for (uint32_t seed = 0; seed < kCases; ++seed) {
    const TopologyCase c = MakeCase(seed);
    const auto result = Plan(c);
    placed += std::holds_alternative<Seats>(result) ? 1 : 0;
    ASSERT_TRUE(Plan(Remade(c, [](const std::string& name) { return name; })) == result) << "seed " << seed;
  }
  EXPECT_GT(placed, static_cast<int>(kCases / 5));
  EXPECT_LT(placed, static_cast<int>(kCases * 4 / 5));
}

TEST(LargeClusterProperty, RenamedNodesKeepTheVerdict) {
  for (uint32_t seed = 0; seed < kCases; ++seed) {
    const TopologyCase c = MakeCase(seed);
    const TopologyCase renamed = Remade(c, [](const std::string& name) {
      return absl::StrCat("node-", 9999 - std::stoi(name.substr(name.size() - 4)));
    });
    ASSERT_EQ(Plan(c).index(), Plan(renamed).index()) << "seed " << seed;
  }
}

TEST(LargeClusterProperty, NodesThatNobodyMayUseChangeNoVerdictAndHardlyEverASeat) {
  int placed = 0;
  int moved = 0;  // what may be tried grows with the cluster
  for (uint32_t seed = 0; seed < kCases; ++seed) {
    TopologyCase c = MakeCase(seed);
    const auto before = Plan(c);
    for (int n = 0; n < 6; ++n) {
      Node useless = test::NodeOf(absl::StrCat(n % 2 == 0 ? "a-" : "z-", n), 8);
      // A new rack would be one more to spread over.
      useless.labels["zone"] = "z0";
      useless.labels["rack"] = absl::StrCat("r", n % 5);
      useless.unschedulable = true;
      c.view.Upsert(useless);
    }
    c.topologies = ZonesOf(c.view);
    const auto after = Plan(c);
    ASSERT_EQ(before.index(), after.index()) << "seed " << seed;
    if (const auto* refusal = std::get_if<Refusal>(&before)) {
      ASSERT_EQ(refusal->fits, std::get<Refusal>(after).fits) << "seed " << seed << " " << refusal->text;
    } else {
      ++placed;
      moved += std::get<Seats>(before) == std::get<Seats>(after) ? 0 : 1;
    }
  }
  EXPECT_LE(moved, placed / 50);
}

TEST(LargeClusterProperty, MoreRoomNeverTurnsAFitIntoARefusal) {
  for (uint32_t seed = 0; seed < kCases; ++seed) {
    TopologyCase c = MakeCase(seed);
    if (std::holds_alternative<Refusal>(Plan(c))) continue;
    // A pod ends, and a node comes.
    std::vector<PodName> busy;
    c.view.pods().ForEach([&](const PodName& name, const auto& pod) {
      if (pod->bound()) busy.push_back(name);
    });
    if (!busy.empty()) c.view.RemovePod(busy[seed % busy.size()]);
    Node more = test::NodeOf("more", 8);
    more.labels["zone"] = absl::StrCat("z", seed % 2);
    more.labels["rack"] = absl::StrCat("r", seed % 5);
    c.view.Upsert(more);
    c.topologies = ZonesOf(c.view);
    const auto result = Plan(c);
    ASSERT_TRUE(std::holds_alternative<Seats>(result))
        << "seed " << seed << ": " << std::get<Refusal>(result).text;
  }
}

}  // namespace
}  // namespace muster
