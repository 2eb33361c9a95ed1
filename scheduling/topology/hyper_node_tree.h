// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "scheduling/model/node.h"
#include "scheduling/model/topology.h"
#include "scheduling/topology/domain_tree.h"

namespace muster {

// The name of the one topology that all HyperNodes make.
inline constexpr absl::string_view kHyperNodes = "hypernodes";

struct HyperNodeTree {
  DomainTree tree;
  std::string missing;  // how many members do not exist, naming the first; empty if all do
};

// The tree of HyperNodes: a level for each tier, called by its tierName or else
// "tier-2", and above them all one for the whole cluster, one tier higher, as
// Volcano has it.
//
// Domains are called like their HyperNodes. A HyperNode whose parent is more
// than one tier above, or that has none, is alone in a domain of its own name
// at the tiers between: a gang that may spread up to such a tier can spread
// over this HyperNode, and no farther. A node that is only in HyperNodes of
// outer tiers has no domain at the inner ones.
//
// Members that do not exist are no error: a node that is being replaced, or an
// object that comes later, must not take the others' topology away.
//   kInvalidArgument    names HyperNode and number: a malformed object, more than
//                       kMaxLevels tiers, tier names at odds, a member of the
//                       same or an outer tier (so no cycle passes), two parents,
//                       a node in two HyperNodes of one tier or in two that
//                       are not within each other
//   kResourceExhausted  see HyperNodeMembers
//
// REQUIRES: each of `objects` has a HyperNode, and there is one.
// Cost: O(members + nodes x tiers), and HyperNodeMembers' for patterns and labels.
absl::StatusOr<HyperNodeTree> BuildHyperNodeTree(absl::Span<const TopologyObject* const> objects,
                                                 absl::Span<const Node* const> nodes);

}  // namespace muster
