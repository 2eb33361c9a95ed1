// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/strings/string_view.h"

namespace muster {

using Labels = absl::btree_map<std::string, std::string>;

// One condition on a label: `key op values`.
//
// Source: k8s.io/api core/v1 NodeSelectorRequirement; kGt and kLt compare
//         whole numbers and have exactly one value.
struct LabelRequirement {
  enum class Op { kIn, kNotIn, kExists, kDoesNotExist, kGt, kLt };

  std::string key;
  Op op = Op::kExists;
  std::vector<std::string> values;

  friend bool operator==(const LabelRequirement&, const LabelRequirement&) = default;
};

// A term of a required node affinity: all conditions of one term must hold.
// A term without any condition matches no node.
struct NodeSelectorTerm {
  std::vector<LabelRequirement> labels;
  std::vector<LabelRequirement> fields;  // on metadata.name, the only field there is

  friend bool operator==(const NodeSelectorTerm&, const NodeSelectorTerm&) = default;
};

// Says whether labels satisfy the requirement. A value that is not a whole
// number satisfies neither kGt nor kLt.
bool Matches(const LabelRequirement& requirement, const Labels& labels);

// Says whether a node of this name and these labels satisfies the term.
bool Matches(const NodeSelectorTerm& term, absl::string_view node_name, const Labels& labels);

enum class TaintEffect { kNoSchedule, kPreferNoSchedule, kNoExecute };

struct Taint {
  std::string key;
  std::string value;
  TaintEffect effect = TaintEffect::kNoSchedule;

  friend bool operator==(const Taint&, const Taint&) = default;
};

// Source: k8s.io/api core/v1 Toleration. Without an effect it tolerates every
// effect; without a key (and with kExists) every taint. kGt and kLt tolerate
// nothing: kube-scheduler reads them only where the feature gate
// TaintTolerationComparisonOperators (alpha) is set.
struct Toleration {
  enum class Op { kEqual, kExists, kGt, kLt };
  enum class Effect { kAny, kNoSchedule, kPreferNoSchedule, kNoExecute };

  std::string key;
  Op op = Op::kEqual;
  std::string value;
  Effect effect = Effect::kAny;

  friend bool operator==(const Toleration&, const Toleration&) = default;
};

bool Tolerates(const Toleration& toleration, const Taint& taint);

// The first taint that keeps pods with these tolerations off (kNoSchedule or
// kNoExecute, tolerated by none of them); null if there is none.
const Taint* FirstUntolerated(const std::vector<Taint>& taints, const std::vector<Toleration>& tolerations);

}  // namespace muster
