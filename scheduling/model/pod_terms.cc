// SPDX-License-Identifier: Apache-2.0
#include "scheduling/model/pod_terms.h"

#include <algorithm>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace muster {
namespace {

std::string Describe(const LabelRequirement& r) {
  const std::string values = absl::StrJoin(r.values, ",");
  switch (r.op) {
    case LabelRequirement::Op::kIn:
      return r.values.size() == 1 ? absl::StrCat(r.key, "=", values)
                                  : absl::StrCat(r.key, " in (", values, ")");
    case LabelRequirement::Op::kNotIn:
      return r.values.size() == 1 ? absl::StrCat(r.key, "!=", values)
                                  : absl::StrCat(r.key, " not in (", values, ")");
    case LabelRequirement::Op::kExists:
      return r.key;
    case LabelRequirement::Op::kDoesNotExist:
      return absl::StrCat("!", r.key);
    case LabelRequirement::Op::kGt:
      return absl::StrCat(r.key, ">", values);
    case LabelRequirement::Op::kLt:
      return absl::StrCat(r.key, "<", values);
  }
  return "";
}

}  // namespace

bool Matches(const PodSelector& selector, const Labels& labels) {
  return selector.has_value() && absl::c_all_of(*selector, [&](const auto& r) { return Matches(r, labels); });
}

bool Conflict(const HostPort& a, const HostPort& b) {
  return a.port == b.port && a.protocol == b.protocol &&
         (a.ip == b.ip || a.ip == kEveryAddress || b.ip == kEveryAddress);
}

std::string Describe(const PodSelector& selector) {
  if (!selector.has_value()) return "no pod";
  if (selector->empty()) return "every pod";
  return absl::StrCat("pods ", absl::StrJoin(*selector, ",", [](std::string* out, const auto& requirement) {
                        absl::StrAppend(out, Describe(requirement));
                      }));
}

void AddKeys(const PodSelector& selector, absl::btree_set<std::string>& keys) {
  if (!selector.has_value()) return;
  for (const LabelRequirement& requirement : *selector) keys.insert(requirement.key);
}

Labels Only(const absl::btree_set<std::string>& keys, const Labels& labels) {
  Labels only;
  for (const std::string& key : keys) {
    const auto at = labels.find(key);
    if (at != labels.end()) only.insert(*at);
  }
  return only;
}

// Terms look at labels through their selectors alone: what `terms.labels` has is which
// of these match, so that values that all match are not told apart.
void Identify(absl::string_view ns, const Labels& labels, PodTerms& terms) {
  terms.labels.clear();
  size_t terms_seen = 0;
  const auto add = [&](const auto& term) {
    if (Matches(term.selector, labels)) terms.labels[absl::StrCat("term-", terms_seen)] = "selects the pod";
    ++terms_seen;
  };
  std::for_each(terms.affinity.begin(), terms.affinity.end(), add);
  std::for_each(terms.anti_affinity.begin(), terms.anti_affinity.end(), add);
  std::for_each(terms.spread.begin(), terms.spread.end(), add);
  terms.ns = terms_seen > 0 ? std::string(ns) : std::string();
}

}  // namespace muster
