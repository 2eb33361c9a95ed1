// SPDX-License-Identifier: Apache-2.0
// Gangs whose members have rules about each other, against a brute force that
// seats them in every order on every node, one by one as kube-scheduler does.
#include <algorithm>
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
#include "scheduling/plan/pod_rules.h"
#include "test/property/topology_cases.h"
#include "test/support/builders.h"

namespace muster {
namespace {

constexpr uint32_t kCases = test::Cases(50'000);

struct Case {
  ClusterView view;
  Gang gang;
  Topologies topologies;
};

class Dice {
 public:
  explicit Dice(uint32_t seed) : random_(seed) {}
  int Pick(int low, int high) { return std::uniform_int_distribution(low, high)(random_); }
  bool OneIn(int n) { return Pick(1, n) == 1; }
  std::string Key() {
    static const char* const kKeys[] = {"zone", "rack", "kubernetes.io/hostname"};
    return kKeys[Pick(0, 2)];
  }

 private:
  std::mt19937 random_;
};

PodSelector Labelled(const std::string& key, const std::string& value) {
  return std::vector<LabelRequirement>{{key, LabelRequirement::Op::kIn, {value}}};
}

// Of all members, or of those of one role.
PodSelector SomeMembers(Dice& dice) {
  return dice.OneIn(2) ? Labelled("gang", "train") : Labelled("role", absl::StrCat("role-", dice.Pick(0, 2)));
}

PodTerms Terms(Dice& dice) {
  PodTerms terms;
  const auto term = [&] { return PodAffinityTerm{dice.Key(), SomeMembers(dice), {"default"}, std::nullopt}; };
  if (dice.OneIn(10)) terms.ports.push_back({"0.0.0.0", "TCP", 80});
  if (dice.OneIn(5)) terms.affinity.push_back(term());
  if (dice.OneIn(5)) terms.anti_affinity.push_back(term());
  for (int i = 0; i < 2; ++i) {
    if (dice.OneIn(2))
      terms.spread.push_back({dice.Key(), dice.Pick(1, 2), dice.Pick(1, 2), SomeMembers(dice), true, false});
  }
  return terms;
}

Case MakeCase(uint32_t seed) {
  Dice dice(seed);
  Case c;
  const int nodes = dice.Pick(1, 4);
  for (int n = 0; n < nodes; ++n) {
    Node node = test::NodeOf(absl::StrCat("node-", n), dice.Pick(1, 4));
    if (!dice.OneIn(10)) node.labels["zone"] = absl::StrCat("z", dice.Pick(0, 1));
    if (!dice.OneIn(10)) node.labels["rack"] = absl::StrCat("r", dice.Pick(0, 2));
    node.labels["pool"] = absl::StrCat("pool-", dice.Pick(0, 1));
    c.view.Upsert(node);
    if (!dice.OneIn(4)) continue;
    Pod busy = test::BoundTo(test::PodOf(absl::StrCat("busy-", n), 0), node.name.text());
    busy.labels = {{"gang", "train"}};
    c.view.Upsert(busy);
  }
  const int roles = dice.Pick(1, 3);
  std::vector<Pod> samples;
  for (int r = 0; r < roles; ++r) {
    Pod& sample = samples.emplace_back(test::PodOf("sample", dice.Pick(0, 2)));
    sample.labels = {{"gang", "train"}, {"role", absl::StrCat("role-", r)}};
    if (dice.OneIn(2)) sample.shape.node_selector = {{"pool", absl::StrCat("pool-", dice.Pick(0, 1))}};
    PodTerms terms = Terms(dice);
    if (terms.empty()) continue;
    Identify("default", sample.labels, terms);
    sample.shape.terms = std::move(terms);
  }
  const int members = dice.Pick(1, 5);
  for (int m = 0; m < members; ++m) {
    Pod member = test::MemberOf("train", members, m, 0);
    const Pod& sample = samples[static_cast<size_t>(dice.Pick(0, roles - 1))];
    member.shape = sample.shape;
    member.labels = sample.labels;
    c.view.Upsert(member);
  }
  c.gang = declare::AssembleGang(c.view, GangId("default", "train"));
  for (auto& member : c.gang.members) EXPECT_TRUE(member->membership->topology.empty());
  c.topologies = test::RacksOf(c.view);
  return c;
}

// Slow and obviously right: seats members one by one, as the rules allow.
class Seating {
 public:
  explicit Seating(const Case& c) : case_(c), node_of_(c.gang.members.size(), -1), rules_(RulesOf(c)) {
    c.view.nodes().ForEach([&](const NodeName&, const NodeState& state) {
      nodes_.push_back(state.node.get());
      free_.push_back(state.free);
    });
  }

  // Whether there is an order in which the members come to `wanted`, or to any
  // nodes where that is empty.
  bool Any(const std::vector<NodeName>& wanted) {
    wanted_ = wanted;
    seen_.clear();
    most_ = 0;
    return Next();
  }
  // How many were seated at once, at most, while the last call looked for an order.
  int64_t most() const { return most_; }

 private:
  PodRules RulesOf(const Case& c) {
    for (const auto& member : c.gang.members) members_.push_back(member.get());
    return *PodRules::Make({c.view, ledger_, members_, kept_});
  }

  bool Next() {
    const auto waiting = std::count(node_of_.begin(), node_of_.end(), -1);
    most_ = std::max<int64_t>(most_, static_cast<int64_t>(node_of_.size()) - waiting);
    if (waiting == 0) return true;
    if (!seen_.insert(node_of_).second) return false;
    for (size_t m = 0; m < node_of_.size(); ++m) {
      if (node_of_[m] >= 0) continue;
      for (size_t n = 0; n < nodes_.size(); ++n) {
        if (SeatOn(m, n)) return true;
      }
    }
    return false;
  }

  bool SeatOn(size_t m, size_t n) {
    const PodShape& shape = members_[m]->shape;
    const auto kind = rules_.KindOf(m);
    if (!wanted_.empty() && nodes_[n]->name != wanted_[m]) return false;
    if (!Eligible(shape, *nodes_[n]) || !Fits(shape.requests, free_[n]) || !rules_.Allows(kind, n))
      return false;
    free_[n] -= shape.requests;
    if (kind != PodRules::kNone) rules_.Seat(kind, n);
    node_of_[m] = static_cast<int>(n);
    const bool found = Next();
    node_of_[m] = -1;
    if (kind != PodRules::kNone) rules_.Unseat(kind, n);
    free_[n] += shape.requests;
    return found;
  }

  const Case& case_;
  const Ledger ledger_;
  const std::vector<Seat> kept_;
  std::vector<const Pod*> members_;
  std::vector<int> node_of_;
  PodRules rules_;
  std::vector<const Node*> nodes_;
  std::vector<Resources> free_;
  std::vector<NodeName> wanted_;
  std::set<std::vector<int>> seen_;
  int64_t most_ = 0;
};

std::string Show(const Case& c) {
  std::string text;
  c.view.nodes().ForEach([&](const NodeName& name, const NodeState& state) {
    absl::StrAppend(&text, name.text(), " gpus ", state.free.Get("nvidia.com/gpu"));
    for (const auto& [key, value] : state.node->labels) absl::StrAppend(&text, " ", key, "=", value);
    absl::StrAppend(&text, " pods ", state.pods.size(), "\n");
  });
  const auto selected = [](const PodSelector& selector) {
    return (*selector)[0].key + *(*selector)[0].values.begin();
  };
  for (const auto& member : c.gang.members) {
    absl::StrAppend(&text, member->name.name(), " ", member->labels.at("role"), " gpus ",
                    member->shape.requests.Get("nvidia.com/gpu"));
    for (const auto& [key, value] : member->shape.node_selector) absl::StrAppend(&text, " on ", value);
    if (member->shape.terms.has_value()) {
      const PodTerms& terms = *member->shape.terms;
      if (!terms.ports.empty()) absl::StrAppend(&text, " port");
      for (const auto& t : terms.affinity)
        absl::StrAppend(&text, " with ", selected(t.selector), " by ", t.topology_key);
      for (const auto& t : terms.anti_affinity)
        absl::StrAppend(&text, " apart from ", selected(t.selector), " by ", t.topology_key);
      for (const auto& s : terms.spread) {
        absl::StrAppend(&text, " skew ", s.max_skew, " of ", selected(s.selector), " by ", s.topology_key,
                        " min ", s.min_domains);
      }
    }
    absl::StrAppend(&text, "\n");
  }
  return text;
}

TEST(PodRuleGangsProperty, VerdictEqualsBruteForceOverAllOrdersAndTheSeatsCanBeTaken) {
  int placed = 0;
  int refused = 0;
  int never = 0;
  int exact = 0;
  for (uint32_t seed = 0; seed < kCases; ++seed) {
    const Case c = MakeCase(seed);
    const auto result = PlanGang({c.view, Ledger(), c.gang, {}, Declined(), nullptr, &c.topologies});
    Seating seating(c);
    if (const auto* refusal = std::get_if<Refusal>(&result)) {
      ++refused;
      never += refusal->kind == Refusal::Kind::kNeverFits ? 1 : 0;
      ASSERT_FALSE(seating.Any({})) << "seed " << seed << ": " << refusal->text << "\n" << Show(c);
      // Every order was looked at, so no more can be seated.
      ASSERT_LE(refusal->fits, seating.most()) << "seed " << seed << ": " << refusal->text << "\n" << Show(c);
      exact += refusal->fits == seating.most() ? 1 : 0;
      continue;
    }
    ++placed;
    std::vector<NodeName> nodes;
    for (const auto& member : c.gang.members) {
      const Seats& seats = std::get<Seats>(result);
      const auto at =
          std::find_if(seats.begin(), seats.end(), [&](const Seat& seat) { return seat.uid == member->uid; });
      ASSERT_NE(at, seats.end()) << "seed " << seed;
      nodes.push_back(at->node);
    }
    ASSERT_TRUE(seating.Any(nodes)) << "seed " << seed << "\n" << Show(c);
  }
  // Both verdicts must be well represented, or the comparison proves little.
  EXPECT_GT(placed, static_cast<int>(kCases / 5));
  EXPECT_GT(refused, static_cast<int>(kCases / 5));
  EXPECT_GT(never, 0);
  // Which of several shapes are seated first is a guess.
  EXPECT_GT(exact, refused * 9 / 10) << "of " << refused;
}

}  // namespace
}  // namespace muster
