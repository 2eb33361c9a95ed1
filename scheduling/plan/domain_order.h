// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "scheduling/plan/board.h"
#include "scheduling/plan/capacity.h"
#include "scheduling/plan/scope.h"

namespace muster {

// Members of one class that have to go to one domain together.
struct ClassNeed {
  size_t cls = 0;
  int64_t members = 0;
};

// Of `domains`, those that have room for all `needs`, the best first.
//
// A single need is judged by how it would be divided: over the fewest domains
// at each level further in, outermost first; then by the devices at stake on
// the nodes, by the room that is left over, by CPU and memory free on the
// nodes. Several needs are judged by the room that is left over for the first.
// Ties are in the order of `domains`.
//
// Room for each need alone does not mean room for all: the caller finds out.
std::vector<DomainId> BestFirst(const Board& board, const std::vector<ClassNeed>& needs,
                                const CapacityRules& rules, const Scope& scope,
                                const std::vector<DomainId>& domains);

}  // namespace muster
