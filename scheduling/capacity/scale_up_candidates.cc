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

// For one member, the one to ask for first first.
std::vector<ClassSet> TriesOf(const PolicyChoice& policy, bool kept_is_cheaper) {
  switch (policy.policy) {
    case CapacityPolicy::kAny:
      break;
    case CapacityPolicy::kSpot:
      return {kSpotOnly};
    case CapacityPolicy::kOnDemand:
      return {kStays};
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
  return classes == kStays ? "on-demand" : Describe(classes);
}

std::string TextOf(const std::vector<ClassSet>& members) {
  std::string text;
  std::vector<ClassSet> seen;
  for (const ClassSet classes : members) {
    if (std::find(seen.begin(), seen.end(), classes) != seen.end()) continue;
    seen.push_back(classes);
    absl::StrAppend(&text, text.empty() ? "" : " and ", TextOf(classes));
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

}  // namespace

std::vector<ScaleUpCandidate> ScaleUpCandidates(const ClusterView& view, const Gang& gang,
                                                const CapacityOptions& options, absl::Time now) {
  const std::vector<GangChoice> present = ChoicesFor(view, gang, {}, options, now);
  if (gang.members.front()->capacity.mix.has_value()) {
    if (present.empty())
      return {{std::vector<ClassSet>(gang.members.size(), ClassSet::All()), "any capacity"}};
    std::vector<ClassSet> members = present.front().members;
    for (ClassSet& classes : members)
      classes = classes == kKept ? kStays : classes == kNotKept ? kSpotOnly : classes;
    return {{members, TextOf(members)}};
  }
  const std::vector<PolicyChoice> policies = PoliciesOf(view, gang, options);
  std::vector<std::vector<ClassSet>> tries;
  size_t most = 1;
  for (size_t m = 0; m < policies.size(); ++m) {
    const bool kept_is_cheaper = !present.empty() && present.front().members[m].IsWithin(kStays);
    tries.push_back(TriesOf(policies[m], kept_is_cheaper));
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
  if (classes.Has(CapacityClass::kUnknown)) {
    // What is not said to be of another class.
    NodeSelectorTerm& term = terms.emplace_back();
    for (const ClassRule& rule : rules) {
      if (!classes.Has(rule.capacity)) term.labels.push_back(IsNot(rule));
    }
    return terms;
  }
  for (const ClassRule& rule : rules) {
    if (classes.Has(rule.capacity)) terms.push_back({{Is(rule)}, {}});
  }
  return terms;
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
