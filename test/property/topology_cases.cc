// SPDX-License-Identifier: Apache-2.0
#include "test/property/topology_cases.h"

#include <algorithm>
#include <optional>
#include <random>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "scheduling/declare/assemble.h"
#include "scheduling/plan/feasibility.h"
#include "test/support/builders.h"

namespace muster::test {

Topologies ZonesOf(const ClusterView& view) {
  std::vector<const Node*> nodes;
  view.nodes().ForEach([&](const NodeName&, const NodeState& state) { nodes.push_back(state.node.get()); });
  Topologies topologies;
  topologies.all.push_back({{"test", "zones"},
                            DomainTree::ByLabels({{.name = "zone", .key = "zone"},
                                                  {.name = "rack", .key = "rack"},
                                                  {.name = "host", .key = "kubernetes.io/hostname"}},
                                                 nodes)});
  return topologies;
}

namespace {

class Dice {
 public:
  Dice(uint32_t seed, bool zones) : zones_(zones), random_(seed) {}
  int Pick(int low, int high) { return std::uniform_int_distribution(low, high)(random_); }
  bool OneIn(int n) { return Pick(1, n) == 1; }
  std::string Level() { return zones_ && OneIn(3) ? "zone" : OneIn(2) ? "rack" : "host"; }
  bool zones() const { return zones_; }

 private:
  const bool zones_;
  std::mt19937 random_;
};

void AddNodes(Dice& dice, ClusterView& view) {
  const int nodes = dice.Pick(1, 5);
  for (int i = 0; i < nodes; ++i) {
    Node node = NodeOf(absl::StrCat("node-", i), dice.Pick(0, 4));
    if (!dice.OneIn(8)) node.labels["rack"] = absl::StrCat("r", dice.Pick(0, 2));
    if (dice.zones() && !dice.OneIn(12)) node.labels["zone"] = absl::StrCat("z", dice.Pick(0, 1));
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
    if (members % 4 == 0 && dice.zones() && dice.OneIn(2))
      demand.slices = {{"zone", 4}, {"rack", 2}, {"host", dice.Pick(1, 2)}};
  } else if (dice.OneIn(6)) {
    demand.spread = dice.Level();
  }
  if (dice.OneIn(6)) demand.exclusive = dice.Level();
  return demand;
}

TopologyCase MakeCase(uint32_t seed, bool zones) {
  Dice dice(seed, zones);
  TopologyCase c;
  AddNodes(dice, c.view);
  const int members = dice.Pick(1, 5);
  const int parts = dice.OneIn(2) ? 1 : 2;
  const int first = members == 5 ? 3 : (members + 1) / 2;  // of two parts
  const TopologyDemand whole = MakeDemand(dice, parts == 1 ? members : 1);
  std::vector<SubgroupSpec> specs;
  for (int p = 0; p < parts && parts > 1; ++p) {
    SubgroupSpec& spec = specs.emplace_back();
    spec.name = absl::StrCat("part-", p);
    spec.topology = MakeDemand(dice, p == 0 ? first : members - first);
  }
  const bool sliced = std::any_of(specs.begin(), specs.end(),
                                  [](const SubgroupSpec& spec) { return !spec.topology.slices.empty(); });
  const bool mixed = whole.slices.empty() && !sliced && dice.OneIn(3);
  const int64_t gpus = dice.Pick(0, 3);
  for (int m = 0; m < members; ++m) {
    Pod pod = MemberOf("train", members, m, mixed ? dice.Pick(0, 3) : gpus);
    pod.membership->topology = whole;
    if (parts > 1) pod.membership->subgroups = {specs[m < first ? 0 : 1]};
    if (dice.OneIn(8)) pod.node = NodeName(absl::StrCat("node-", dice.Pick(0, 4)));
    if (c.view.FindNode(pod.node) == nullptr) pod.node = NodeName();
    c.view.Upsert(pod);
  }
  c.gang = declare::AssembleGang(c.view, GangId("default", "train"));
  c.topologies = zones ? ZonesOf(c.view) : RacksOf(c.view);
  return c;
}

}  // namespace

TopologyCase MakeTopologyCase(uint32_t seed) { return MakeCase(seed, false); }
TopologyCase MakeZonedCase(uint32_t seed) { return MakeCase(seed, true); }

TopologyJudge::TopologyJudge(const TopologyCase& c) : case_(c), tree_(c.topologies.all[0].tree) {
  c.view.nodes().ForEach(
      [&](const NodeName& name, const NodeState&) { number_[name] = static_cast<int32_t>(number_.size()); });
}

// `nodes` by member; bound ones are where they are.
bool TopologyJudge::Allows(const std::vector<NodeName>& nodes) const {
  std::vector<size_t> all;
  for (size_t m = 0; m < nodes.size(); ++m) all.push_back(m);
  if (!HasRoom(nodes) || !Keeps(case_.gang.topology, all, nodes)) return false;
  for (const Subgroup& subgroup : case_.gang.subgroups) {
    if (!Keeps(subgroup.topology, subgroup.members, nodes)) return false;
  }
  return SubgroupsKeepApart(nodes);
}

int64_t TopologyJudge::Domains(const std::string& level, const std::vector<NodeName>& nodes) const {
  std::set<DomainId> domains;
  std::set<NodeName> loose;
  for (const NodeName& node : nodes) {
    const DomainId domain = DomainOf(node, level);
    domain == kNoDomain ? void(loose.insert(node)) : void(domains.insert(domain));
  }
  return static_cast<int64_t>(domains.size() + loose.size());
}

DomainId TopologyJudge::DomainOf(const NodeName& node, const std::string& level) const {
  size_t l = 0;
  while (tree_.levels()[l].name != level) ++l;
  return tree_.DomainOf(number_.at(node), l);
}

bool TopologyJudge::HasRoom(const std::vector<NodeName>& nodes) const {
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
bool TopologyJudge::Together(const std::string& level, const std::vector<size_t>& members,
                             const std::vector<NodeName>& nodes, bool of_slice) const {
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
  if (most == bound.end()) return false;
  // Of domains where as many are, slices have the first.
  return of_slice ? most->first == *fresh.begin()
                  : bound.contains(*fresh.begin()) && bound[*fresh.begin()] == most->second;
}

bool TopologyJudge::Keeps(const TopologyDemand& demand, const std::vector<size_t>& members,
                          const std::vector<NodeName>& nodes) const {
  if (!demand.required.empty() && !Together(demand.required, members, nodes, false)) return false;
  for (const SliceDemand& slice : demand.slices) {
    std::map<int64_t, std::vector<size_t>> groups;
    for (const size_t m : members) groups[*case_.gang.members[m]->membership->rank / slice.size].push_back(m);
    for (const auto& [group, inside] : groups) {
      if (!Together(slice.level, inside, nodes, true)) return false;
    }
  }
  for (const size_t m : members) {
    if (!IsNew(m)) continue;
    if (!demand.spread.empty() && !IsAlone(m, demand.spread, members, nodes)) return false;
    if (!demand.exclusive.empty() && !IsFree(nodes[m], demand.exclusive)) return false;
  }
  return true;
}

bool TopologyJudge::IsAlone(size_t m, const std::string& level, const std::vector<size_t>& members,
                            const std::vector<NodeName>& nodes) const {
  const DomainId domain = DomainOf(nodes[m], level);
  return domain != kNoDomain && std::all_of(members.begin(), members.end(), [&](size_t other) {
           return other == m || DomainOf(nodes[other], level) != domain;
         });
}

// Another gang has a domain around the node for itself.
bool TopologyJudge::IsKept(const NodeName& node) const {
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
bool TopologyJudge::IsFree(const NodeName& node, const std::string& level) const {
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
bool TopologyJudge::SubgroupsKeepApart(const std::vector<NodeName>& nodes) const {
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

bool AnyAssignment(const TopologyCase& c, const std::function<bool(const std::vector<NodeName>&)>& visit) {
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

std::variant<Seats, Refusal> Plan(const TopologyCase& c) {
  const Ledger ledger;
  const Declined declined;
  return PlanGang({c.view, ledger, c.gang, {}, declined, nullptr, &c.topologies});
}

std::vector<NodeName> NodesOf(const TopologyCase& c, const Seats& seats) {
  std::vector<NodeName> nodes;
  for (const auto& member : c.gang.members) {
    const auto seat =
        std::find_if(seats.begin(), seats.end(), [&](const Seat& s) { return s.uid == member->uid; });
    nodes.push_back(seat == seats.end() ? member->node : seat->node);
  }
  return nodes;
}

std::string Show(const TopologyCase& c, const std::vector<NodeName>& nodes) {
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
    const auto zone = state.node->labels.find("zone");
    if (zone != state.node->labels.end()) absl::StrAppend(&text, "in ", zone->second, ": ");
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

bool IsPossible(const TopologyCase& c) {
  const TopologyJudge judge(c);
  return AnyAssignment(c, [&](const auto& nodes) { return judge.Allows(nodes); });
}

}  // namespace muster::test
