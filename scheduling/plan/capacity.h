// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "scheduling/plan/board.h"
#include "scheduling/plan/demand.h"
#include "scheduling/plan/scope.h"

namespace muster {

// What limits the members of a class beside the room on each node.
struct CapacityRules {
  const DomainTree* tree = nullptr;
  std::vector<SliceLayer> layers;          // only whole slices count
  std::optional<size_t> one_per_domain;    // at most one member in a domain of this level
  std::optional<size_t> innermost_needed;  // nodes without a domain of this level do not count
  bool one_more = false;                   // a node that takes one more counts as one, no node as more
  std::vector<bool> closed;                // by domain: no member may come; empty: none is closed
  std::vector<bool> used;                  // by domain: the gang is there already; empty: nowhere
};

// For every domain of rules.tree, how many more members of the class it holds
// within `scope`. Every layer of slices rounds down at its level, so that what
// is counted further out can really be divided further in.
//
// Cost: O(nodes + domains).
std::vector<int64_t> CountCapacity(const Board& board, size_t cls, const CapacityRules& rules,
                                   const Scope& scope);

// How many members go to each node, and what that costs.
struct Distribution {
  struct Share {
    int32_t node = 0;
    int64_t members = 0;
  };
  std::vector<Share> shares;
  std::vector<int64_t> domains;  // how many of each level, outermost first; a node in none is one
  int64_t devices = 0;           // at stake on the nodes, see Board
  int64_t cpu_millis = 0;
  int64_t memory_bytes = 0;  // free on the nodes
};

// Divides `members` over the nodes of `domain`: at every level, outermost
// first, to one domain where the gang is already if that holds them all; else
// over as few as hold them, the roomiest first and the tightest that suffices
// last.
// REQUIRES: `capacity` is what CountCapacity gave for the same arguments, holds
//           `members` in `domain`, and `members` makes whole slices.
Distribution Distribute(const Board& board, size_t cls, const CapacityRules& rules, const Scope& scope,
                        const std::vector<int64_t>& capacity, DomainId domain, int64_t members);

// Takes room for up to `members` members of the class in `domain`, as
// Distribute divides them, for the fill of this number. Where rules about other
// pods matter, one by one. Returns how many found room: all that do where no
// such rule matters, and then whole slices.
int64_t TakeUpTo(Board& board, size_t fill, size_t cls, CapacityRules rules, const Scope& scope,
                 DomainId domain, int64_t members);

}  // namespace muster
