// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "absl/types/span.h"
#include "scheduling/model/capacity.h"
#include "scheduling/model/node.h"
#include "scheduling/model/selector.h"

namespace muster {

// "A node with this label, and one of these values, is of that class."
struct ClassRule {
  std::string label;
  std::vector<std::string> values;  // none: the label's presence is enough
  CapacityClass capacity = CapacityClass::kUnknown;

  friend bool operator==(const ClassRule&, const ClassRule&) = default;
};

// The rules for what the providers put on their nodes, the one that counts
// first first.
absl::Span<const ClassRule> WellKnownClassRules();

// Whether a provider puts a taint of this key on its spot nodes, so that a pod
// that tolerates it was made to run there.
bool IsSpotTaint(absl::string_view key);

// The class by the first of the rules that holds; kUnknown where none does.
//
// Labels alone count. A taint says whom a node is for, not what it is: nodes of
// Karpenter, EKS and GKE Standard are spot without any, and a taint called spot
// may stay on a node that is none.
CapacityClass ClassByRules(absl::Span<const ClassRule> rules, const Labels& labels);

// What an operator says about the classes of nodes.
struct ClassOptions {
  std::vector<ClassRule> rules;                       // go before the well-known ones
  CapacityClass otherwise = CapacityClass::kUnknown;  // of a node that no rule holds for

  friend bool operator==(const ClassOptions&, const ClassOptions&) = default;
};

// The node's class: by the operator's rules, then as it was found when the node
// was read (Node::capacity), then as the operator says of all others.
CapacityClass ClassOf(const ClassOptions& options, const Node& node);

}  // namespace muster
