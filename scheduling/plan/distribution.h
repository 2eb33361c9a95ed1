// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "scheduling/plan/board.h"
#include "scheduling/plan/capacity.h"
#include "scheduling/plan/scope.h"

namespace muster {

// How many members go to each node, and what that costs.
struct Distribution {
  struct Share {
    int32_t node = 0;
    int64_t members = 0;
  };
  std::vector<Share> shares;
  std::vector<int64_t> domains;  // how many of each level, outermost first; a node in none is one
  int64_t penalty = 0;           // of the nodes, see Board
  int64_t loss = 0;              // for the pods to come, see GangWorth
  int64_t devices = 0;           // at stake on the nodes, see Board
  int64_t left_over = 0;         // room in the domain, beside the members
  int64_t cpu_millis = 0;
  int64_t memory_bytes = 0;  // free on the nodes

  // Fewer domains at a level further out come before all else, then nodes that
  // are less to be avoided, then less loss for the pods to come, then fewer devices at
  // stake, then less room that is left over.
  bool CostsLessThan(const Distribution& other) const;
};

// Divides `members` over the nodes of `domain`. Where the effort allows, exactly
// as costs least (see DivideExactly). Otherwise at every level, outermost first,
// to one domain where the gang is already if that holds them all; else over as
// few as hold them, the roomiest first; of equally roomy ones, and of those that
// suffice for the rest, the one that costs less than the others; and one is
// exchanged for another while that needs fewer domains of the next level.
// REQUIRES: `capacity` is what CountCapacity gave for the same arguments, holds
//           `members` in `domain`, and `members` makes whole slices.
Distribution Distribute(const Board& board, size_t cls, const CapacityRules& rules, const Scope& scope,
                        const DomainRoom& capacity, DomainId domain, int64_t members);

}  // namespace muster
