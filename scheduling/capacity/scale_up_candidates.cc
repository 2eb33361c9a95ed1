// SPDX-License-Identifier: Apache-2.0
#include "scheduling/capacity/scale_up_candidates.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "scheduling/capacity/gang_choice.h"
#include "scheduling/capacity/node_class.h"
#include "scheduling/capacity/policy.h"

namespace muster {
namespace {

// For one member, the one to ask for first first. `known`: some node says what it is.
std::vector<ClassSet> TriesOf(const PolicyChoice& policy, bool known, bool kept_is_cheaper) {
  switch (policy.policy) {
    case CapacityPolicy::kAny:
      break;
    case CapacityPolicy::kSpot:
      return {kSpotOnly};
    case CapacityPolicy::kOnDemand:
      // Nodes that do not say that they are kept would be paid and stay empty.
      return {known && !policy.derived ? kKept : kStays};
    case CapacityPolicy::kPreferSpot:
      if (policy.derived && kept_is_cheaper) return {kStays, kSpotOnly};
      return {kSpotOnly, kStays};
    case CapacityPolicy::kPreferOnDemand:
      return {kStays, kSpotOnly};
  }
  return {ClassSet::All()};
}

std::string TextOf(ClassSet classes) {
  if (classes == ClassSet::All()) return "any capacity";
  return classes == kStays || classes == kKept ? "on-demand" : Describe(classes);
}

std::string TextOf(const std::vector<ClassSet>& members) {
  std::string text;
  std::vector<std::string> seen;
  for (const ClassSet classes : members) {
    if (std::find(seen.begin(), seen.end(), TextOf(classes)) != seen.end()) continue;
    seen.push_back(TextOf(classes));
    absl::StrAppend(&text, text.empty() ? "" : " and ", seen.back());
  }
  return seen.size() > 1 ? absl::StrCat(text, " by role") : text;
}

// The operator's rules, then the well-known ones.
std::vector<ClassRule> RulesOf(const ClassOptions& options) {
  std::vector<ClassRule> rules = options.rules;
  const auto known = WellKnownClassRules();
  rules.insert(rules.end(), known.begin(), known.end());
  return rules;
}

LabelRequirement Is(const ClassRule& rule) {
  if (rule.values.empty()) return {rule.label, LabelRequirement::Op::kExists, {}};
  return {rule.label, LabelRequirement::Op::kIn, rule.values};
}

LabelRequirement IsNot(const ClassRule& rule) {
  if (rule.values.empty()) return {rule.label, LabelRequirement::Op::kDoesNotExist, {}};
  return {rule.label, LabelRequirement::Op::kNotIn, rule.values};
}

absl::string_view ProviderOf(const ClassRule& rule) {
  return absl::string_view(rule.label).substr(0, rule.label.find('/'));
}

// Of a node with other labels as well an earlier rule may hold, which then
// counts. Providers do not label each other's nodes; an operator may.
bool MayHoldBefore(const ClassRule& earlier, bool is_operators, const ClassRule& rule) {
  return rule.values.empty() || is_operators || ProviderOf(earlier) == ProviderOf(rule);
}

// What is not said to be of another class.
NodeSelectorTerm NotOfOthers(ClassSet classes, const std::vector<ClassRule>& rules) {
  NodeSelectorTerm term;
  for (const ClassRule& rule : rules) {
    if (!classes.Has(rule.capacity)) term.labels.push_back(IsNot(rule));
  }
  return term;
}

bool Holds(const ClassRule& rule, const Node& node) { return Matches({{Is(rule)}, {}}, "", node.labels); }

}  // namespace

std::vector<ScaleUpCandidate> ScaleUpCandidates(const ClusterView& view, const Gang& gang,
                                                const CapacityOptions& options, absl::Time now) {
  const std::vector<GangChoice> present = ChoicesFor(view, gang, {}, options, now);
  if (gang.members.front()->capacity.mix.has_value()) {
    if (present.empty())
      return {{std::vector<ClassSet>(gang.members.size(), ClassSet::All()), "any capacity"}};
    std::vector<ClassSet> members = present.front().members;
    for (ClassSet& classes : members) classes = classes == kNotKept ? kSpotOnly : classes;
    return {{members, TextOf(members)}};
  }
  const std::vector<PolicyChoice> policies = PoliciesOf(view, gang, options);
  std::vector<std::vector<ClassSet>> tries;
  size_t most = 1;
  for (size_t m = 0; m < policies.size(); ++m) {
    const bool kept_is_cheaper = !present.empty() && present.front().members[m].IsWithin(kStays);
    tries.push_back(TriesOf(policies[m], !present.empty(), kept_is_cheaper));
    most = std::max(most, tries.back().size());
  }
  std::vector<ScaleUpCandidate> candidates(most);
  for (size_t c = 0; c < most; ++c) {
    for (const std::vector<ClassSet>& own : tries)
      candidates[c].members.push_back(own[std::min(c, own.size() - 1)]);
    candidates[c].text = TextOf(candidates[c].members);
  }
  return candidates;
}

std::vector<NodeSelectorTerm> TermsOf(ClassSet classes, const ClassOptions& options) {
  if (classes == ClassSet::All()) return {};
  std::vector<NodeSelectorTerm> terms;
  const std::vector<ClassRule> rules = RulesOf(options);
  // A node that is bought may carry no label at all.
  if (classes.Has(options.otherwise)) return {NotOfOthers(classes, rules)};
  for (size_t r = 0; r < rules.size(); ++r) {
    if (!classes.Has(rules[r].capacity)) continue;
    NodeSelectorTerm& term = terms.emplace_back();
    term.labels.push_back(Is(rules[r]));
    for (size_t e = 0; e < r; ++e) {
      const bool same_label = rules[e].label == rules[r].label && !rules[r].values.empty();
      if (classes.Has(rules[e].capacity) || same_label) continue;
      if (MayHoldBefore(rules[e], e < options.rules.size(), rules[r])) term.labels.push_back(IsNot(rules[e]));
    }
  }
  return terms;
}

NodeSelectorTerm OneTermOf(const ClusterView& view, ClassSet classes, const ClassOptions& options) {
  const std::vector<ClassRule> rules = RulesOf(options);
  const auto tells_all = [&](const ClassRule& rule) {
    bool any = false;
    const bool differs = view.nodes().FindIf([&](const NodeState& state) {
      if (state.node == nullptr) return false;
      const bool is = classes.Has(ClassOf(options, *state.node));
      any = any || is;
      return is != Holds(rule, *state.node);
    }) != nullptr;
    return any && !differs;
  };
  const auto rule = std::find_if(rules.begin(), rules.end(),
                                 [&](const ClassRule& r) { return classes.Has(r.capacity) && tells_all(r); });
  if (rule != rules.end()) return {{Is(*rule)}, {}};
  return NotOfOthers(classes, rules);
}

std::vector<NodeSelectorTerm> Narrowed(const std::vector<NodeSelectorTerm>& own,
                                       const std::vector<NodeSelectorTerm>& alternatives) {
  if (own.empty()) return alternatives;
  if (alternatives.empty()) return own;
  std::vector<NodeSelectorTerm> both;
  for (const NodeSelectorTerm& mine : own) {
    for (const NodeSelectorTerm& alternative : alternatives) {
      NodeSelectorTerm& term = both.emplace_back(mine);
      term.labels.insert(term.labels.end(), alternative.labels.begin(), alternative.labels.end());
      term.fields.insert(term.fields.end(), alternative.fields.begin(), alternative.fields.end());
    }
  }
  return both;
}

}  // namespace muster
