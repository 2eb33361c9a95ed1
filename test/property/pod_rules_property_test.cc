// SPDX-License-Identifier: Apache-2.0
//
// PodRules, which counts, beside a twin that looks at all pods for each verdict.
#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "scheduling/plan/feasibility.h"
#include "scheduling/plan/pod_rules.h"
#include "test/support/builders.h"

namespace muster {
namespace {

using test::NodeOf;
using test::PodOf;

using Placed = std::vector<std::pair<const Pod*, const Node*>>;

// The rules as their documentation states them.
class Twin {
 public:
  explicit Twin(const ClusterView& view) : view_(view) {
    view.nodes().ForEach([&](const NodeName&, const NodeState& state) {
      if (state.node != nullptr) nodes_.push_back(state.node.get());
    });
  }

  const std::vector<const Node*>& nodes() const { return nodes_; }

  // The first words of what keeps `pod` off `node` while `placed` are there.
  std::string Blocks(const Pod& pod, const Node& node, const Placed& placed) const {
    static const PodTerms kNone;
    const PodTerms& terms = pod.shape.terms.has_value() ? *pod.shape.terms : kNone;
    for (const HostPort& port : terms.ports) {
      for (const auto& [other, at] : placed) {
        if (at == &node && other->shape.terms.has_value() &&
            absl::c_any_of(other->shape.terms->ports, [&](const HostPort& p) { return Conflict(p, port); })) {
          return "host port";
        }
      }
    }
    for (const auto& constraint : terms.spread) {
      if (!SpreadHolds(pod, terms, constraint, node, placed)) return "topology spread";
    }
    if (!AffinityHolds(pod, terms, node, placed)) return "affinity to";
    for (const auto& term : terms.anti_affinity) {
      for (const auto& [other, at] : placed) {
        if (Means(term, *other) && Together(term.topology_key, node, *at)) return "anti-affinity to";
      }
    }
    for (const auto& [other, at] : placed) {
      if (!other->shape.terms.has_value()) continue;
      for (const auto& term : other->shape.terms->anti_affinity) {
        if (Means(term, pod) && Together(term.topology_key, node, *at)) return "anti-affinity of";
      }
    }
    return "";
  }

 private:
  static std::optional<std::string> Value(const std::string& key, const Node& node) {
    const auto at = node.labels.find(key);
    return at == node.labels.end() ? std::nullopt : std::optional(at->second);
  }
  static bool Together(const std::string& key, const Node& a, const Node& b) {
    return Value(key, a).has_value() && Value(key, a) == Value(key, b);
  }
  bool Means(const PodAffinityTerm& term, const Pod& pod) const {
    const std::string ns(pod.name.ns());
    return (term.namespaces.contains(ns) || Matches(term.namespace_selector, view_.NamespaceLabels(ns))) &&
           Matches(term.selector, pod.labels);
  }
  bool MeansAll(const std::vector<PodAffinityTerm>& terms, const Pod& pod) const {
    return absl::c_all_of(terms, [&](const auto& term) { return Means(term, pod); });
  }

  bool AffinityHolds(const Pod& pod, const PodTerms& terms, const Node& node, const Placed& placed) const {
    bool all_met = true;
    bool any_matches_anywhere = false;
    for (const auto& term : terms.affinity) {
      if (!Value(term.topology_key, node).has_value()) return false;
      bool met = false;
      for (const auto& [other, at] : placed) {
        if (!MeansAll(terms.affinity, *other)) continue;
        met |= Together(term.topology_key, node, *at);
        any_matches_anywhere |= Value(term.topology_key, *at).has_value();
      }
      all_met &= met;
    }
    return all_met || (!any_matches_anywhere && MeansAll(terms.affinity, pod));
  }

  bool SpreadHolds(const Pod& pod, const PodTerms& terms, const SpreadConstraint& constraint,
                   const Node& node, const Placed& placed) const {
    const auto here = Value(constraint.topology_key, node);
    if (!here.has_value()) return false;
    std::map<std::string, int64_t> domains;
    std::set<const Node*> counted;
    for (const Node* candidate : nodes_) {
      const bool has_all = absl::c_all_of(
          terms.spread, [&](const auto& c) { return Value(c.topology_key, *candidate).has_value(); });
      if (!has_all || (constraint.honor_affinity && !SelectsNode(pod.shape, *candidate)) ||
          (constraint.honor_taints &&
           FirstUntolerated(candidate->taints, pod.shape.tolerations) != nullptr)) {
        continue;
      }
      domains[*Value(constraint.topology_key, *candidate)] += 0;
      counted.insert(candidate);
    }
    for (const auto& [other, at] : placed) {
      if (counted.contains(at) && other->name.ns() == pod.name.ns() && !other->deleting &&
          constraint.selector.has_value() && !constraint.selector->empty() &&
          Matches(constraint.selector, other->labels)) {
        ++domains[*Value(constraint.topology_key, *at)];
      }
    }
    int64_t least = 0;
    if (!domains.empty() && static_cast<int64_t>(domains.size()) >= constraint.min_domains) {
      least = std::min_element(domains.begin(), domains.end(), [](const auto& a, const auto& b) {
                return a.second < b.second;
              })->second;
    }
    const int64_t self = Matches(constraint.selector, pod.labels) ? 1 : 0;
    const int64_t count = domains.contains(*here) ? domains[*here] : 0;
    return count + self - least <= constraint.max_skew;
  }

  const ClusterView& view_;
  std::vector<const Node*> nodes_;
};

class RandomCluster {
 public:
  explicit RandomCluster(uint32_t seed) : random_(seed) {}

  bool Chance(int percent) { return Below(100) < percent; }
  int Below(int n) { return static_cast<int>(random_() % static_cast<uint32_t>(n)); }

  Node SomeNode(int number) {
    Node node = NodeOf(absl::StrCat("n", number), 0);
    if (Chance(85)) node.labels["zone"] = absl::StrCat("z", Below(3));
    if (Chance(70)) node.labels["rack"] = absl::StrCat("r", Below(4));
    if (Chance(20)) node.taints.push_back({"dedicated", "x", TaintEffect::kNoSchedule});
    return node;
  }

  Pod SomePod(const std::string& name, int percent_with_terms) {
    Pod pod = PodOf(name, 0);
    pod.name = PodName(Chance(75) ? "a" : "b", name);
    if (Chance(80)) pod.labels["app"] = absl::StrCat("app", Below(3));
    if (Chance(30)) pod.labels["tier"] = absl::StrCat("tier", Below(2));
    pod.labels["index"] = name;
    if (Chance(20)) pod.shape.node_selector["zone"] = absl::StrCat("z", Below(3));
    if (Chance(percent_with_terms)) AddTerms(pod);
    return pod;
  }

 private:
  std::string Key() {
    static const char* const kKeys[] = {"zone", "rack", "kubernetes.io/hostname"};
    return kKeys[Below(3)];
  }
  PodSelector Selector() {
    if (Chance(5)) return std::nullopt;
    PodSelector selector = std::vector<LabelRequirement>{};
    if (Chance(5)) return selector;
    selector->push_back({"app", LabelRequirement::Op::kIn, {absl::StrCat("app", Below(3))}});
    if (Chance(20)) selector->push_back({"tier", LabelRequirement::Op::kDoesNotExist, {}});
    return selector;
  }
  PodAffinityTerm Term(const Pod& pod) {
    PodAffinityTerm term{Key(), Selector(), {}, std::nullopt};
    if (Chance(20)) term.namespaces.insert("b");
    if (Chance(20)) term.namespace_selector = std::vector<LabelRequirement>{};
    if (Chance(20)) {
      term.namespace_selector = std::vector<LabelRequirement>{{"team", LabelRequirement::Op::kIn, {"b"}}};
    }
    if (term.namespaces.empty() && !term.namespace_selector.has_value())
      term.namespaces.emplace(pod.name.ns());
    return term;
  }
  void AddTerms(Pod& pod) {
    PodTerms terms;
    if (Chance(30)) terms.ports.push_back({Chance(50) ? "0.0.0.0" : "10.0.0.1", "TCP", 80 + Below(2)});
    if (Chance(35)) terms.affinity.push_back(Term(pod));
    if (Chance(10)) terms.affinity.push_back(Term(pod));
    if (Chance(35)) terms.anti_affinity.push_back(Term(pod));
    if (Chance(40)) {
      terms.spread.push_back({Key(), 1 + Below(2), 1 + Below(4), Selector(), Chance(60), Chance(40)});
    }
    if (Chance(10)) terms.spread.push_back({Key(), 1 + Below(2), 1, Selector(), Chance(60), Chance(40)});
    if (terms.empty()) return;
    Identify(pod.name.ns(), pod.labels, terms);
    pod.shape.terms = std::move(terms);
  }

  std::mt19937 random_;
};

// A cluster with pods that run, pods with promised seats, and pods to seat.
struct Scene {
  ClusterView view;
  Ledger ledger;
  std::vector<Seat> kept;
  std::vector<std::shared_ptr<const Pod>> members;
  std::vector<const Pod*> pointers;
  Placed placed;
};

Scene SceneOf(RandomCluster& random) {
  Scene scene;
  const int nodes = 2 + random.Below(6);
  for (int i = 0; i < nodes; ++i) scene.view.Upsert(random.SomeNode(i));
  scene.view.Upsert(Namespace{"b", {{"team", "b"}}});
  const int terms = random.Chance(50) ? 40 : 5;
  const auto node = [&] { return NodeName(absl::StrCat("n", random.Below(nodes))); };
  for (int i = 0; i < random.Below(12); ++i) {
    Pod pod = random.SomePod(absl::StrCat("running-", i), terms);
    pod.node = random.Chance(95) ? node() : NodeName("unknown");
    pod.deleting = random.Chance(10);
    scene.view.Upsert(pod);
  }
  for (int i = 0; i < random.Below(4); ++i) {
    const Pod pod = random.SomePod(absl::StrCat("seated-", i), terms);
    scene.view.Upsert(pod);
    if (random.Chance(30)) {
      scene.kept.push_back(SeatOf(pod, node()));
    } else {
      EXPECT_TRUE(scene.ledger
                      .Reserve(scene.view, GangId("a", absl::StrCat("g", i)), {SeatOf(pod, node())},
                               absl::InfiniteFuture())
                      .ok());
    }
  }
  const int kinds = 1 + random.Below(4);
  for (int i = 0; i < kinds; ++i) {
    Pod pod = random.SomePod(absl::StrCat("member-", i), terms);
    for (int copy = 0; copy < 1 + random.Below(3); ++copy) {
      const std::string name = absl::StrCat("member-", i, "-", copy);
      pod.name = PodName(pod.name.ns(), name);
      pod.uid = PodUid(name);
      pod.labels["index"] = name;
      scene.view.Upsert(pod);
      scene.members.push_back(scene.view.FindPod(pod.name));
    }
  }
  for (const auto& member : scene.members) scene.pointers.push_back(member.get());
  return scene;
}

void PlaceAll(const Twin& twin, Scene& scene) {
  const auto find = [&](const NodeName& name) {
    return *absl::c_find_if(twin.nodes(), [&](const Node* n) { return n->name == name; });
  };
  scene.view.nodes().ForEach([&](const NodeName&, const NodeState& state) {
    if (state.node == nullptr) return;
    for (const auto& pod : state.pods) scene.placed.push_back({pod.get(), state.node.get()});
  });
  ForEachSeated(scene.view, scene.ledger, scene.kept, [&](const Pod& pod, const NodeName& name) {
    scene.placed.push_back({&pod, find(name)});
  });
}

// Compares all verdicts; returns how many.
int Compare(const Twin& twin, const Scene& scene, const PodRules& rules, const Placed& placed,
            uint32_t seed) {
  int verdicts = 0;
  for (size_t m = 0; m < scene.members.size(); ++m) {
    for (size_t n = 0; n < twin.nodes().size(); ++n, ++verdicts) {
      const std::string expected = twin.Blocks(*scene.members[m], *twin.nodes()[n], placed);
      const std::string actual = rules.Blocks(rules.KindOf(m), n);
      EXPECT_EQ(actual.substr(0, expected.size()), expected)
          << "seed " << seed << ", member " << m << ", node " << n << ": " << actual;
      EXPECT_EQ(actual.empty(), expected.empty()) << "seed " << seed << ": " << actual;
      EXPECT_EQ(rules.Allows(rules.KindOf(m), n), expected.empty()) << "seed " << seed;
    }
  }
  return verdicts;
}

TEST(PodRulesProperty, SayWhatLookingAtAllPodsSaysWhateverIsSeatedAndTakenBack) {
  int verdicts = 0;
  int blocked_kinds = 0;
  for (uint32_t seed = 1; seed <= 1500 && !HasFailure(); ++seed) {
    RandomCluster random(seed);
    Scene scene = SceneOf(random);
    const Twin twin(scene.view);
    PlaceAll(twin, scene);
    PodRules rules = *PodRules::Make({scene.view, scene.ledger, scene.pointers, scene.kept});
    verdicts += Compare(twin, scene, rules, scene.placed, seed);
    if (!NeedsPodRules(scene.view, scene.ledger, scene.kept, scene.pointers)) {
      for (size_t m = 0; m < scene.members.size(); ++m) EXPECT_EQ(rules.KindOf(m), PodRules::kNone);
      continue;
    }
    ++blocked_kinds;
    std::vector<std::pair<size_t, size_t>> seats;  // member, node
    for (int step = 0; step < 6; ++step) {
      if (!seats.empty() && random.Chance(30)) {
        const auto at = seats.begin() + random.Below(static_cast<int>(seats.size()));
        if (const auto kind = rules.KindOf(at->first); kind != PodRules::kNone)
          rules.Unseat(kind, at->second);
        seats.erase(at);
      } else {
        const std::pair<size_t, size_t> seat(random.Below(static_cast<int>(scene.members.size())),
                                             random.Below(static_cast<int>(twin.nodes().size())));
        if (const auto kind = rules.KindOf(seat.first); kind != PodRules::kNone)
          rules.Seat(kind, seat.second);
        seats.push_back(seat);
      }
      Placed placed = scene.placed;
      for (const auto& [member, node] : seats) placed.push_back({scene.pointers[member], twin.nodes()[node]});
      verdicts += Compare(twin, scene, rules, placed, seed);
    }
  }
  EXPECT_GT(verdicts, 100'000);
  EXPECT_GT(blocked_kinds, 500);
}

TEST(PodRulesProperty, AsIfEmptyLeavesOutAllThatRunsOrIsPromised) {
  for (uint32_t seed = 1; seed <= 300 && !HasFailure(); ++seed) {
    RandomCluster random(seed);
    const Scene scene = SceneOf(random);
    const Twin twin(scene.view);
    const PodRules rules = *PodRules::Make({scene.view, scene.ledger, scene.pointers, scene.kept, true});
    Compare(twin, scene, rules, {}, seed);
  }
}

}  // namespace
}  // namespace muster
