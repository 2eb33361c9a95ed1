// SPDX-License-Identifier: Apache-2.0
#include "scheduling/model/selector.h"

#include <algorithm>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"

namespace muster {
namespace {

// As Go's ParseInt reads it: no spaces around it.
bool ReadNumber(const std::string& text, int64_t& number) {
  const auto space = [](char c) { return absl::ascii_isspace(static_cast<unsigned char>(c)); };
  return !text.empty() && !space(text.front()) && !space(text.back()) && absl::SimpleAtoi(text, &number);
}

bool Compares(const LabelRequirement& requirement, const std::string& label) {
  int64_t have = 0;
  int64_t want = 0;
  if (requirement.values.size() != 1 || !ReadNumber(label, have) ||
      !ReadNumber(requirement.values[0], want)) {
    return false;
  }
  return requirement.op == LabelRequirement::Op::kGt ? have > want : have < want;
}

bool Matches(const LabelRequirement& requirement, const std::string* value) {
  switch (requirement.op) {
    case LabelRequirement::Op::kIn:
      return value != nullptr && absl::c_linear_search(requirement.values, *value);
    case LabelRequirement::Op::kNotIn:
      return value == nullptr || !absl::c_linear_search(requirement.values, *value);
    case LabelRequirement::Op::kExists:
      return value != nullptr;
    case LabelRequirement::Op::kDoesNotExist:
      return value == nullptr;
    case LabelRequirement::Op::kGt:
    case LabelRequirement::Op::kLt:
      return value != nullptr && Compares(requirement, *value);
  }
  return false;
}

bool SameEffect(Toleration::Effect tolerated, TaintEffect effect) {
  switch (tolerated) {
    case Toleration::Effect::kAny:
      return true;
    case Toleration::Effect::kNoSchedule:
      return effect == TaintEffect::kNoSchedule;
    case Toleration::Effect::kPreferNoSchedule:
      return effect == TaintEffect::kPreferNoSchedule;
    case Toleration::Effect::kNoExecute:
      return effect == TaintEffect::kNoExecute;
  }
  return false;
}

}  // namespace

bool Matches(const LabelRequirement& requirement, const Labels& labels) {
  const auto at = labels.find(requirement.key);
  return Matches(requirement, at == labels.end() ? nullptr : &at->second);
}

bool Matches(const NodeSelectorTerm& term, absl::string_view node_name, const Labels& labels) {
  if (term.labels.empty() && term.fields.empty()) return false;
  const std::string name(node_name);
  return absl::c_all_of(term.labels, [&](const auto& r) { return Matches(r, labels); }) &&
         absl::c_all_of(term.fields,
                        [&](const auto& r) { return r.key == "metadata.name" && Matches(r, &name); });
}

bool Tolerates(const Toleration& toleration, const Taint& taint) {
  if (!SameEffect(toleration.effect, taint.effect)) return false;
  if (!toleration.key.empty() && toleration.key != taint.key) return false;
  if (toleration.op == Toleration::Op::kExists) return true;
  return toleration.op == Toleration::Op::kEqual && toleration.value == taint.value;
}

const Taint* FirstUntolerated(const std::vector<Taint>& taints, const std::vector<Toleration>& tolerations) {
  for (const Taint& taint : taints) {
    if (taint.effect == TaintEffect::kPreferNoSchedule) continue;
    if (absl::c_none_of(tolerations, [&](const auto& t) { return Tolerates(t, taint); })) return &taint;
  }
  return nullptr;
}

}  // namespace muster
