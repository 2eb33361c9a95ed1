// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "scheduling/plan/board.h"
#include "scheduling/plan/capacity.h"
#include "scheduling/plan/distribution.h"
#include "scheduling/plan/scope.h"

namespace muster {

// How `members` of a class are best divided over the nodes of `domain`: over as
// few domains of each level as possible, outermost first, then as
// Distribution::CostsLessThan says. Those where the gang is already are none.
//
// Exact: for every domain and every number of members the least cost is found
// from those of its children. nullopt if that would take too much effort, which
// is bounded by O(nodes of the domain).
// REQUIRES: as for Distribute.
std::optional<std::vector<Distribution::Share>> DivideExactly(const Board& board, size_t cls,
                                                              const CapacityRules& rules, const Scope& scope,
                                                              const DomainRoom& capacity, DomainId domain,
                                                              int64_t members);

}  // namespace muster
