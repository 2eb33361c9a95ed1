// SPDX-License-Identifier: Apache-2.0
#include "scheduling/plan/pod_rules.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "scheduling/plan/feasibility.h"
#include "scheduling/plan/pod_classes.h"

namespace muster {
namespace {

const PodTerms& TermsOf(const Pod& pod) {
  static const auto& kNoTerms = *new PodTerms();
  return pod.shape.terms.has_value() ? *pod.shape.terms : kNoTerms;
}

bool MeansAll(const std::vector<PodAffinityTerm>& terms, const Pod& pod, NamespaceLabels& namespaces) {
  return !terms.empty() &&
         absl::c_all_of(terms, [&](const auto& term) { return Means(term, pod, namespaces); });
}

// Whether a pod like `owner`, on its own, counts `pod` for the constraint. Pods
// that are being deleted are not counted, and by a selector of all pods none is.
bool Counts(const SpreadConstraint& constraint, const Pod& owner, const Pod& pod) {
  return !pod.deleting && pod.name.ns() == owner.name.ns() && constraint.selector.has_value() &&
         !constraint.selector->empty() && Matches(constraint.selector, pod.labels);
}

// Whether any term of `owner` looks at `pod`.
bool LooksAt(const Pod& owner, const Pod& pod, NamespaceLabels& namespaces) {
  const PodTerms& terms = TermsOf(owner);
  const auto means = [&](const PodAffinityTerm& term) { return Means(term, pod, namespaces); };
  return absl::c_any_of(terms.affinity, means) || absl::c_any_of(terms.anti_affinity, means) ||
         absl::c_any_of(terms.spread, [&](const auto& constraint) { return Counts(constraint, owner, pod); });
}

std::string DescribePort(const HostPort& port) {
  return absl::StrCat("host port ", port.port, port.protocol == "TCP" ? "" : "/",
                      port.protocol == "TCP" ? "" : port.protocol, " is taken");
}

}  // namespace

PodRules::PodRules(const ClusterView& view) : namespaces_(view) {
  view.nodes().ForEach([&](const NodeName&, const NodeState& state) {
    if (state.node != nullptr) nodes_.push_back(state.node.get());
  });
}

absl::StatusOr<PodRules> PodRules::Make(const PodRulesInput& input) {
  PodRules rules(input.view);
  if (absl::Status s = rules.FindKinds(input); !s.ok()) return s;
  rules.ports_matter_ =
      absl::c_any_of(rules.kinds_, [](const auto& k) { return !TermsOf(*k.sample).ports.empty(); });
  if (rules.ports_matter_) rules.taken_.resize(rules.nodes_.size());
  if (!input.as_if_empty && !rules.kinds_.empty()) rules.PlaceNeighbours(input);
  return rules;
}

absl::Status PodRules::FindKinds(const PodRulesInput& input) {
  const auto repelling =
      input.as_if_empty ? std::vector<const PodAffinityTerm*>{}
                        : RepellingTerms(input.view, input.ledger, input.kept, input.members, namespaces_);
  const absl::StatusOr<PodClasses> classes = Classify(input.members, repelling, kMostDifferent);
  if (!classes.ok()) return classes.status();
  std::vector<Kind> kind_of_class;
  for (const Pod* pod : classes->samples) {
    const bool concerned =
        pod->shape.terms.has_value() ||
        absl::c_any_of(repelling, [&](const auto* term) { return Means(*term, *pod, namespaces_); }) ||
        absl::c_any_of(classes->samples,
                       [&](const Pod* other) { return LooksAt(*other, *pod, namespaces_); });
    kind_of_class.push_back(concerned ? static_cast<Kind>(kinds_.size()) : kNone);
    if (concerned) kinds_.push_back(Prepare(*pod));
  }
  for (const size_t c : classes->class_of) kind_of_.push_back(kind_of_class[c]);
  return absl::OkStatus();
}

PodRules::KindState PodRules::Prepare(const Pod& sample) {
  const PodTerms& terms = TermsOf(sample);
  KindState kind;
  kind.sample = &sample;
  for (const auto& term : terms.affinity) kind.affinity.emplace_back(Values(term.topology_key));
  for (const auto& term : terms.anti_affinity) kind.anti_affinity.emplace_back(Values(term.topology_key));
  for (const auto& constraint : terms.spread) kind.spread.push_back(PrepareSpread(sample, constraint));
  kind.meant_by_itself = MeansAll(terms.affinity, sample, namespaces_);
  for (const auto& term : terms.anti_affinity) kind.repels_itself.push_back(Means(term, sample, namespaces_));
  return kind;
}

SpreadTally PodRules::PrepareSpread(const Pod& sample, const SpreadConstraint& constraint) {
  const PodShape& shape = sample.shape;
  std::vector<bool> counted;
  counted.reserve(nodes_.size());
  for (const Node* node : nodes_) {
    counted.push_back(
        absl::c_all_of(shape.terms->spread,
                       [&](const auto& c) { return node->labels.contains(c.topology_key); }) &&
        (!constraint.honor_affinity || SelectsNode(shape, *node)) &&
        (!constraint.honor_taints || FirstUntolerated(node->taints, shape.tolerations) == nullptr));
  }
  return SpreadTally(constraint, Matches(constraint.selector, sample.labels), Values(constraint.topology_key),
                     std::move(counted));
}

std::shared_ptr<const TopologyValues> PodRules::Values(const std::string& key) {
  auto& values = values_[key];
  if (values == nullptr) values = std::make_shared<const TopologyValues>(key, nodes_);
  return values;
}

void PodRules::PlaceNeighbours(const PodRulesInput& input) {
  size_t node = 0;
  input.view.nodes().ForEach([&](const NodeName&, const NodeState& state) {
    if (state.node == nullptr) return;
    for (const auto& pod : state.pods) Place(*pod, node, +1);
    ++node;
  });
  ForEachSeated(input.view, input.ledger, input.kept, [&](const Pod& pod, const NodeName& name) {
    const auto at = std::lower_bound(nodes_.begin(), nodes_.end(), name,
                                     [](const Node* n, const NodeName& wanted) { return n->name < wanted; });
    if (at != nodes_.end() && (*at)->name == name) Place(pod, static_cast<size_t>(at - nodes_.begin()), +1);
  });
}

void PodRules::Place(const Pod& pod, size_t node, int64_t pods) {
  if (ports_matter_ && pod.shape.terms.has_value()) TakePorts(*pod.shape.terms, node, pods);
  for (KindState& kind : kinds_) Count(pod, node, pods, kind);
}

void PodRules::TakePorts(const PodTerms& terms, size_t node, int64_t pods) {
  for (const HostPort& port : terms.ports) {
    if (pods > 0) {
      taken_[node].push_back(port);
    } else {
      taken_[node].erase(absl::c_find(taken_[node], port));
    }
  }
}

void PodRules::Count(const Pod& pod, size_t node, int64_t pods, KindState& kind) {
  const PodTerms& terms = TermsOf(*kind.sample);
  if (MeansAll(terms.affinity, pod, namespaces_)) {
    for (Tally& tally : kind.affinity) tally.Add(node, pods);
  }
  for (size_t i = 0; i < terms.anti_affinity.size(); ++i) {
    if (Means(terms.anti_affinity[i], pod, namespaces_)) kind.anti_affinity[i].Add(node, pods);
  }
  for (size_t i = 0; i < terms.spread.size(); ++i) {
    if (Counts(terms.spread[i], *kind.sample, pod)) kind.spread[i].Add(node, pods);
  }
  for (const PodAffinityTerm& term : TermsOf(pod).anti_affinity) {
    if (!Means(term, *kind.sample, namespaces_)) continue;
    const auto at =
        absl::c_find_if(kind.repelled, [&](const Tally& t) { return t.key() == term.topology_key; });
    Tally& tally = at == kind.repelled.end() ? kind.repelled.emplace_back(Values(term.topology_key)) : *at;
    tally.Add(node, pods);
  }
}

bool PodRules::Allows(Kind kind, size_t node) const {
  return kind == kNone || Judge(kinds_[Index(kind)], node).rule == Rule::kNone;
}

PodRules::Verdict PodRules::Judge(const KindState& kind, size_t node) const {
  const PodTerms& terms = TermsOf(*kind.sample);
  for (size_t i = 0; i < terms.ports.size(); ++i) {
    const auto conflicts = [&](const HostPort& taken) { return Conflict(taken, terms.ports[i]); };
    if (absl::c_any_of(taken_[node], conflicts)) return {Rule::kHostPort, i};
  }
  for (size_t i = 0; i < kind.spread.size(); ++i) {
    if (!kind.spread[i].Labelled(node) || !kind.spread[i].Allows(node)) return {Rule::kSpread, i};
  }
  if (const Verdict verdict = JudgeAffinity(kind, node); verdict.rule != Rule::kNone) return verdict;
  for (size_t i = 0; i < kind.anti_affinity.size(); ++i) {
    if (kind.anti_affinity[i].At(node) > 0) return {Rule::kAntiAffinity, i};
  }
  for (size_t i = 0; i < kind.repelled.size(); ++i) {
    if (kind.repelled[i].At(node) > 0) return {Rule::kRepelled, i};
  }
  return {};
}

PodRules::Verdict PodRules::JudgeAffinity(const KindState& kind, size_t node) {
  std::optional<size_t> lonely;
  bool first_anywhere = true;
  for (size_t i = 0; i < kind.affinity.size(); ++i) {
    if (!kind.affinity[i].Labelled(node)) return {Rule::kAffinity, i};
    if (kind.affinity[i].At(node) == 0 && !lonely.has_value()) lonely = i;
    first_anywhere &= kind.affinity[i].total() == 0;
  }
  // The first of pods that want to be together has nobody to go to.
  if (!lonely.has_value() || (first_anywhere && kind.meant_by_itself)) return {};
  return {Rule::kAffinity, *lonely};
}

std::optional<PodRules::Wait> PodRules::WaitsFor(Kind kind, size_t node) const {
  const KindState& state = kinds_[Index(kind)];
  const Verdict verdict = Judge(state, node);
  if (verdict.rule != Rule::kSpread || !state.spread[verdict.which].Labelled(node)) return std::nullopt;
  return Wait{verdict.which, state.spread[verdict.which].ValueOf(node)};
}

std::vector<int64_t> PodRules::Least(Kind kind) const {
  std::vector<int64_t> least;
  for (const SpreadTally& tally : kinds_[Index(kind)].spread) least.push_back(tally.Least());
  return least;
}

int64_t PodRules::RoomBy(Kind kind, const std::string& key, size_t node, int64_t coming) const {
  const KindState& state = kinds_[Index(kind)];
  int64_t room = coming;
  for (const SpreadTally& tally : state.spread) {
    if (tally.key() != key || !tally.Labelled(node)) continue;
    const int64_t fair = tally.domains() == 0 ? coming : (coming + tally.domains() - 1) / tally.domains();
    room = std::min(room, std::max(fair, tally.Room(node, coming)));
  }
  for (size_t i = 0; i < state.anti_affinity.size(); ++i) {
    const Tally& tally = state.anti_affinity[i];
    if (state.repels_itself[i] && tally.key() == key && tally.Labelled(node))
      room = std::min<int64_t>(room, 1);
  }
  return room;
}

int64_t PodRules::RoomOn(Kind kind, size_t node, int64_t coming) const {
  if (!Allows(kind, node)) return 0;
  const KindState& state = kinds_[Index(kind)];
  int64_t room = TermsOf(*state.sample).ports.empty() ? coming : std::min<int64_t>(coming, 1);
  for (const SpreadTally& tally : state.spread)
    room = std::min(room, RoomBy(kind, tally.key(), node, coming));
  for (const Tally& tally : state.anti_affinity)
    room = std::min(room, RoomBy(kind, tally.key(), node, coming));
  return room;
}

bool PodRules::AtMostOne(Kind kind, size_t node) const {
  const KindState& state = kinds_[Index(kind)];
  bool one = !TermsOf(*state.sample).ports.empty();
  for (size_t i = 0; i < state.anti_affinity.size(); ++i)
    one |= state.repels_itself[i] && state.anti_affinity[i].Labelled(node);
  return one;
}

std::string PodRules::Blocks(Kind kind, size_t node) const {
  if (kind == kNone) return "";
  const KindState& state = kinds_[Index(kind)];
  const PodTerms& terms = TermsOf(*state.sample);
  const Verdict verdict = Judge(state, node);
  const size_t i = verdict.which;
  switch (verdict.rule) {
    case Rule::kNone:
      return "";
    case Rule::kHostPort:
      return DescribePort(terms.ports[i]);
    case Rule::kSpread:
      return absl::StrCat("topology spread over ", state.spread[i].key());
    case Rule::kAffinity:
      return absl::StrCat("affinity to ", Describe(terms.affinity[i].selector), " by ",
                          terms.affinity[i].topology_key);
    case Rule::kAntiAffinity:
      return absl::StrCat("anti-affinity to ", Describe(terms.anti_affinity[i].selector), " by ",
                          terms.anti_affinity[i].topology_key);
    case Rule::kRepelled:
      return absl::StrCat("anti-affinity of other pods by ", state.repelled[i].key());
  }
  return "";
}

}  // namespace muster
