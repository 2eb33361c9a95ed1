// SPDX-License-Identifier: Apache-2.0
#include "scheduling/plan/pod_classes.h"

#include <string>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace muster {
namespace {

// Equal exactly for equal selectors.
std::string KeyOf(const PodSelector& selector) {
  std::string key;
  const auto add = [&](const std::string& text) { absl::StrAppend(&key, text.size(), ":", text); };
  for (const LabelRequirement& requirement : *selector) {
    add(requirement.key);
    absl::StrAppend(&key, static_cast<int>(requirement.op), ",", requirement.values.size(), ";");
    for (const std::string& value : requirement.values) add(value);
  }
  return key;
}

// The selectors by which pods are told apart, each once.
class Selectors {
 public:
  void Add(const PodSelector& selector) {
    if (selector.has_value() && known_.insert(KeyOf(selector)).second) all_.push_back(&selector);
  }
  void Add(const PodTerms& terms) {
    for (const auto& term : terms.affinity) Add(term.selector);
    for (const auto& term : terms.anti_affinity) Add(term.selector);
    for (const auto& constraint : terms.spread) Add(constraint.selector);
  }

  // Which of them match the labels.
  std::vector<bool> Matching(const Labels& labels) const {
    std::vector<bool> matching;
    matching.reserve(all_.size());
    for (const PodSelector* selector : all_) matching.push_back(Matches(*selector, labels));
    return matching;
  }

 private:
  std::vector<const PodSelector*> all_;
  absl::flat_hash_set<std::string> known_;
};

//   kInvalidArgument  the members have more than `most` different terms
absl::Status AddTerms(const std::vector<const Pod*>& members, size_t most, Selectors& selectors) {
  std::vector<const PodTerms*> known;
  for (const Pod* member : members) {
    if (!member->shape.terms.has_value()) continue;
    const PodTerms& terms = *member->shape.terms;
    if (absl::c_any_of(known, [&](const PodTerms* other) { return *other == terms; })) continue;
    known.push_back(&terms);
    if (known.size() > most) return TooDifferent(most, *member);
    selectors.Add(terms);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<PodClasses> Classify(const std::vector<const Pod*>& members,
                                    const std::vector<const PodAffinityTerm*>& repelling, size_t most) {
  Selectors selectors;
  for (const PodAffinityTerm* term : repelling) selectors.Add(term->selector);
  if (absl::Status s = AddTerms(members, most, selectors); !s.ok()) return s;
  PodClasses classes;
  std::vector<std::vector<bool>> matching_of;  // by class
  for (const Pod* member : members) {
    std::vector<bool> matching = selectors.Matching(member->labels);
    size_t c = 0;
    for (; c < classes.samples.size(); ++c) {
      const Pod& sample = *classes.samples[c];
      if (matching_of[c] == matching && sample.name.ns() == member->name.ns() &&
          sample.shape == member->shape)
        break;
    }
    classes.class_of.push_back(c);
    if (c < classes.samples.size()) continue;
    classes.samples.push_back(member);
    matching_of.push_back(std::move(matching));
    if (c == most) return TooDifferent(most, *member);
  }
  return classes;
}

absl::Status TooDifferent(size_t most, const Pod& last) {
  return absl::InvalidArgumentError(absl::StrFormat(
      "its members ask for more than %d different things; the last is pod %s", most, last.name.text()));
}

}  // namespace muster
