// SPDX-License-Identifier: Apache-2.0
// The planner's topology rules against a brute force that tries every
// assignment and looks at each whole, on small random clusters.
#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "scheduling/declare/assemble.h"
#include "scheduling/plan/feasibility.h"
#include "scheduling/plan/planner.h"
#include "test/support/builders.h"

namespace muster {
namespace {

using test::BoundTo;
using test::MemberOf;
using test::NodeOf;
using test::PodOf;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int kCases = 10'000;  // ten times slower there
#else
constexpr int kCases = 100'000;
#endif

struct Case {
  ClusterView view;
  Gang gang;
  Topologies topologies;
};

Topologies RacksOf(const ClusterView& view) {
  std::vector<const Node*> nodes;
  view.nodes().ForEach([&](const NodeName&, const NodeState& state) { nodes.push_back(state.node.get()); });
  Topologies topologies;
  topologies.all.push_back(
      {{"test", "racks"},
       DomainTree::ByLabels(
           {{.name = "rack", .key = "rack"}, {.name = "host", .key = "kubernetes.io/hostname"}}, nodes)});
  return topologies;
}

class Dice {
 public:
  explicit Dice(uint32_t seed) : random_(seed) {}
  int Pick(int low, int high) { return std::uniform_int_distribution(low, high)(random_); }
  bool OneIn(int n) { return Pick(1, n) == 1; }
  std::string Level() { return OneIn(2) ? "rack" : "host"; }

 private:
  std::mt19937 random_;
};

void AddNodes(Dice& dice, ClusterView& view) {
  const int nodes = dice.Pick(1, 5);
  for (int i = 0; i < nodes; ++i) {
    Node node = NodeOf(absl::StrCat("node-", i), dice.Pick(0, 4));
    if (!dice.OneIn(8)) node.labels["rack"] = absl::StrCat("r", dice.Pick(0, 2));
    node.unschedulable = dice.OneIn(12);
    view.Upsert(node);
    if (dice.OneIn(4))
      view.Upsert(BoundTo(PodOf(absl::StrCat("busy-", i), dice.Pick(0, 2)), node.name.text()));
    if (!dice.OneIn(4)) continue;
    Pod other = BoundTo(MemberOf(absl::StrCat("other-", i), 1, 0, 0), node.name.text());
    if (dice.OneIn(3)) other.membership->topology.exclusive = dice.Level();
    view.Upsert(other);
  }
}

TopologyDemand MakeDemand(Dice& dice, int members) {
  TopologyDemand demand;
  demand.unconstrained = true;
  if (dice.OneIn(2)) demand.required = dice.Level();
  if (dice.OneIn(4)) demand.preferred = dice.Level();
  if (members % 2 == 0 && dice.OneIn(3)) {
    demand.slices.push_back({dice.Level(), 2});
    if (members % 4 == 0 && dice.OneIn(2)) demand.slices = {{"rack", 4}, {"host", 2}};
  } else if (dice.OneIn(6)) {
    demand.spread = dice.Level();
  }
  if (dice.OneIn(6)) demand.exclusive = dice.Level();
  return demand;
}

Case MakeCase(uint32_t seed) {
  Dice dice(seed);
  Case c;
  AddNodes(dice, c.view);
  const int members = dice.Pick(1, 5);
  const int parts = dice.OneIn(2) ? 1 : 2;
  const TopologyDemand whole = MakeDemand(dice, parts == 1 ? members : 1);
  std::vector<SubgroupSpec> specs;
  for (int p = 0; p < parts && parts > 1; ++p) {
    SubgroupSpec& spec = specs.emplace_back();
    spec.name = absl::StrCat("part-", p);
    spec.topology = MakeDemand(dice, 1);
  }
  const bool mixed = whole.slices.empty() && dice.OneIn(3);
  const int64_t gpus = dice.Pick(0, 3);
  for (int m = 0; m < members; ++m) {
    Pod pod = MemberOf("train", members, m, mixed ? dice.Pick(0, 3) : gpus);
    pod.membership->topology = whole;
    if (parts > 1) pod.membership->subgroups = {specs[static_cast<size_t>(m % 2)]};
    if (dice.OneIn(8)) pod.node = NodeName(absl::StrCat("node-", dice.Pick(0, 4)));
    if (c.view.FindNode(pod.node) == nullptr) pod.node = NodeName();
    c.view.Upsert(pod);
  }
  c.gang = declare::AssembleGang(c.view, GangId("default", "train"));
  c.topologies = RacksOf(c.view);
  return c;
}

// Slow and obviously right: looks at a whole assignment.
class Judge {
 public:
  explicit Judge(const Case& c) : case_(c), tree_(c.topologies.all[0].tree) {
    c.view.nodes().ForEach([&](const NodeName& name, const NodeState&) {
      number_[name] = static_cast<int32_t>(number_.size());
    });
  }

  // `nodes` by member; bound ones are where they are.
  bool Allows(const std::vector<NodeName>& nodes) const {
    std::vector<size_t> all;
    for (size_t m = 0; m < nodes.size(); ++m) all.push_back(m);
    if (!HasRoom(nodes) || !Keeps(case_.gang.topology, all, nodes)) return false;
    for (const Subgroup& subgroup : case_.gang.subgroups) {
      if (!Keeps(subgroup.topology, subgroup.members, nodes)) return false;
    }
    return SubgroupsKeepApart(nodes);
  }

  int64_t Domains(const std::string& level, const std::vector<NodeName>& nodes) const {
    std::set<DomainId> domains;
    std::set<NodeName> loose;
    for (const NodeName& node : nodes) {
      const DomainId domain = DomainOf(node, level);
      domain == kNoDomain ? void(loose.insert(node)) : void(domains.insert(domain));
    }
    return static_cast<int64_t>(domains.size() + loose.size());
  }

 private:
  DomainId DomainOf(const NodeName& node, const std::string& level) const {
    return tree_.DomainOf(number_.at(node), level == "rack" ? 0 : 1);
  }
  bool IsNew(size_t m) const { return !case_.gang.members[m]->bound(); }

  bool HasRoom(const std::vector<NodeName>& nodes) const {
    std::map<NodeName, Resources> taken;
    for (size_t m = 0; m < nodes.size(); ++m) {
      if (!IsNew(m)) continue;
      const Pod& pod = *case_.gang.members[m];
      const NodeState& state = *case_.view.FindNode(nodes[m]);
      if (!Eligible(pod.shape, *state.node) || IsKept(nodes[m])) return false;
      taken[nodes[m]] += pod.shape.requests;
      Resources free = state.free;
      free -= taken[nodes[m]];
      free += pod.shape.requests;
      if (!Fits(pod.shape.requests, free)) return false;
    }
    return true;
  }

  // The new ones of `members` are all in the domain where most of the others
  // are, or in one.
  bool Together(const std::string& level, const std::vector<size_t>& members,
                const std::vector<NodeName>& nodes) const {
    std::map<DomainId, int> bound;
    std::set<DomainId> fresh;
    bool any_bound = false;
    for (const size_t m : members) {
      const DomainId domain = DomainOf(nodes[m], level);
      if (IsNew(m)) {
        fresh.insert(domain);
      } else {
        any_bound = true;
        if (domain != kNoDomain) ++bound[domain];
      }
    }
    if (fresh.empty()) return true;
    if (fresh.size() > 1 || fresh.contains(kNoDomain)) return false;
    if (!any_bound) return true;
    const auto most = std::max_element(bound.begin(), bound.end(),
                                       [](const auto& a, const auto& b) { return a.second < b.second; });
    return most != bound.end() && most->first == *fresh.begin();
  }

  bool Keeps(const TopologyDemand& demand, const std::vector<size_t>& members,
             const std::vector<NodeName>& nodes) const {
    if (!demand.required.empty() && !Together(demand.required, members, nodes)) return false;
    for (const SliceDemand& slice : demand.slices) {
      std::map<int64_t, std::vector<size_t>> groups;
      for (const size_t m : members)
        groups[*case_.gang.members[m]->membership->rank / slice.size].push_back(m);
      for (const auto& [group, inside] : groups) {
        if (!Together(slice.level, inside, nodes)) return false;
      }
    }
    for (const size_t m : members) {
      if (!IsNew(m)) continue;
      if (!demand.spread.empty() && !IsAlone(m, demand.spread, members, nodes)) return false;
      if (!demand.exclusive.empty() && !IsFree(nodes[m], demand.exclusive)) return false;
    }
    return true;
  }

  bool IsAlone(size_t m, const std::string& level, const std::vector<size_t>& members,
               const std::vector<NodeName>& nodes) const {
    const DomainId domain = DomainOf(nodes[m], level);
    return domain != kNoDomain && std::all_of(members.begin(), members.end(), [&](size_t other) {
             return other == m || DomainOf(nodes[other], level) != domain;
           });
  }

  // Another gang has a domain around the node for itself.
  bool IsKept(const NodeName& node) const {
    bool kept = false;
    case_.view.pods().ForEach([&](const PodName&, const auto& pod) {
      if (!pod->bound() || !pod->membership.has_value() || pod->membership->gang == case_.gang.id) return;
      const std::string& level = pod->membership->topology.exclusive;
      if (level.empty()) return;
      const DomainId domain = DomainOf(pod->node, level);
      kept |= domain != kNoDomain && DomainOf(node, level) == domain;
    });
    return kept;
  }

  // No member of another gang is in the node's domain.
  bool IsFree(const NodeName& node, const std::string& level) const {
    const DomainId domain = DomainOf(node, level);
    if (domain == kNoDomain) return false;
    bool free = true;
    case_.view.pods().ForEach([&](const PodName&, const auto& pod) {
      if (!pod->bound() || !pod->membership.has_value() || pod->membership->gang == case_.gang.id) return;
      free &= DomainOf(pod->node, level) != domain;
    });
    return free;
  }

  // Members of two subgroups with exclusive domains are not in one of either.
  bool SubgroupsKeepApart(const std::vector<NodeName>& nodes) const {
    for (const Subgroup& a : case_.gang.subgroups) {
      for (const Subgroup& b : case_.gang.subgroups) {
        if (&a == &b || a.topology.exclusive.empty() || b.topology.exclusive.empty()) continue;
        for (const size_t m : a.members) {
          for (const size_t other : b.members) {
            if (!IsNew(m) && !IsNew(other)) continue;
            const DomainId domain = DomainOf(nodes[m], a.topology.exclusive);
            if (domain != kNoDomain && DomainOf(nodes[other], a.topology.exclusive) == domain) return false;
          }
        }
      }
    }
    return true;
  }

  const Case& case_;
  const DomainTree& tree_;
  std::map<NodeName, int32_t> number_;
};

// Calls `visit` with every assignment until it returns true.
bool AnyAssignment(const Case& c, const std::function<bool(const std::vector<NodeName>&)>& visit) {
  std::vector<NodeName> names;
  c.view.nodes().ForEach([&](const NodeName& name, const NodeState&) { names.push_back(name); });
  std::vector<NodeName> nodes(c.gang.members.size());
  const std::function<bool(size_t)> assign = [&](size_t m) {
    if (m == nodes.size()) return visit(nodes);
    if (c.gang.members[m]->bound()) {
      nodes[m] = c.gang.members[m]->node;
      return assign(m + 1);
    }
    return std::any_of(names.begin(), names.end(), [&](const NodeName& name) {
      nodes[m] = name;
      return assign(m + 1);
    });
  };
  return assign(0);
}

std::variant<Seats, Refusal> Plan(const Case& c) {
  const Ledger ledger;
  const Declined declined;
  return PlanGang({c.view, ledger, c.gang, {}, declined, nullptr, &c.topologies});
}

std::vector<NodeName> NodesOf(const Case& c, const Seats& seats) {
  std::vector<NodeName> nodes;
  for (const auto& member : c.gang.members) {
    const auto seat =
        std::find_if(seats.begin(), seats.end(), [&](const Seat& s) { return s.uid == member->uid; });
    nodes.push_back(seat == seats.end() ? member->node : seat->node);
  }
  return nodes;
}

// The case for people, where something is wrong with it.
std::string Show(const Case& c, const std::vector<NodeName>& nodes) {
  std::string text;
  const auto show = [&](absl::string_view whose, const TopologyDemand& demand) {
    absl::StrAppend(&text, whose, ": required ", demand.required, " spread ", demand.spread, " exclusive ",
                    demand.exclusive);
    for (const SliceDemand& slice : demand.slices)
      absl::StrAppend(&text, " slices ", slice.level, "=", slice.size);
    absl::StrAppend(&text, "\n");
  };
  show("gang", c.gang.topology);
  for (const Subgroup& subgroup : c.gang.subgroups) show(subgroup.name, subgroup.topology);
  c.view.nodes().ForEach([&](const NodeName& name, const NodeState& state) {
    const auto rack = state.node->labels.find("rack");
    absl::StrAppend(&text, name.text(), " in ", rack == state.node->labels.end() ? "no rack" : rack->second,
                    ", ", state.free.Get("nvidia.com/gpu"), " free",
                    state.node->unschedulable ? ", cordoned" : "");
    for (const auto& pod : state.pods) absl::StrAppend(&text, " ", pod->name.name());
    absl::StrAppend(&text, "\n");
  });
  for (size_t m = 0; m < c.gang.members.size(); ++m) {
    const Pod& pod = *c.gang.members[m];
    absl::StrAppend(&text, pod.name.name(), " wants ", pod.shape.requests.Get("nvidia.com/gpu"),
                    pod.bound() ? " is on " : " goes to ", m < nodes.size() ? nodes[m].text() : "nowhere",
                    "\n");
  }
  return text;
}

TEST(TopologyProperty, VerdictEqualsBruteForceAndSeatsKeepEveryRule) {
  int placed = 0;
  int refused = 0;
  for (uint32_t seed = 0; seed < kCases; ++seed) {
    const Case c = MakeCase(seed);
    const auto result = Plan(c);
    const auto* refusal = std::get_if<Refusal>(&result);
    if (refusal != nullptr && refusal->kind == Refusal::Kind::kInvalid) continue;
    const Judge judge(c);
    if (refusal == nullptr) {
      ++placed;
      const std::vector<NodeName> nodes = NodesOf(c, std::get<Seats>(result));
      ASSERT_TRUE(judge.Allows(nodes)) << "seed " << seed << "\n" << Show(c, nodes);
    } else {
      ++refused;
      ASSERT_FALSE(AnyAssignment(c, [&](const auto& nodes) { return judge.Allows(nodes); }))
          << "seed " << seed << ": " << refusal->text << "\n"
          << Show(c, {});
      ASSERT_LT(refusal->fits, refusal->of) << "seed " << seed;
    }
  }
  // Both verdicts must be well represented, or the comparison proves little.
  EXPECT_GT(placed, kCases / 5);
  EXPECT_GT(refused, kCases / 5);
}

TEST(TopologyProperty, NoMoreRacksThanTheFewestAndInOneRackNoMoreNodes) {
  int compared = 0;
  for (uint32_t seed = 0; seed < kCases / 5; ++seed) {
    Case c = MakeCase(seed);
    // Members alike that ask for closeness alone, none of them bound.
    const bool alike = std::all_of(c.gang.members.begin(), c.gang.members.end(), [&](const auto& member) {
      return !member->bound() && member->shape == c.gang.members[0]->shape;
    });
    if (!alike || !c.gang.subgroups.empty()) continue;
    c.gang.topology = TopologyDemand();
    c.gang.topology.preferred = "rack";
    const auto result = Plan(c);
    if (!std::holds_alternative<Seats>(result)) continue;
    ++compared;
    const Judge judge(c);
    std::pair<int64_t, int64_t> fewest{99, 99};
    AnyAssignment(c, [&](const auto& nodes) {
      if (judge.Allows(nodes)) {
        fewest = std::min(fewest, std::pair(judge.Domains("rack", nodes), judge.Domains("host", nodes)));
      }
      return false;
    });
    const std::vector<NodeName> nodes = NodesOf(c, std::get<Seats>(result));
    ASSERT_EQ(judge.Domains("rack", nodes), fewest.first) << "seed " << seed << "\n" << Show(c, nodes);
    if (fewest.first == 1 && c.topologies.all[0].tree.NodesOutside(0) == 0) {
      ASSERT_EQ(judge.Domains("host", nodes), fewest.second) << "seed " << seed;
    }
  }
  EXPECT_GT(compared, kCases / 100);
}

TEST(TopologyProperty, RenamingNodesKeepsTheVerdict) {
  for (uint32_t seed = 0; seed < 2'000; ++seed) {
    const Case c = MakeCase(seed);
    Case renamed{.view = {}, .gang = {}, .topologies = {}};
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
  for (uint32_t seed = 0; seed < 2'000; ++seed) {
    Case c = MakeCase(seed);
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
    Case c = MakeCase(seed);
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
