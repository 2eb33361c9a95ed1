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
// A domain is judged by how the needs would be divided there, each as if the
// others were not: see Distribution::CostsLessThan. Ties are in the order of
// `domains`.
//
// Room for each need alone does not mean room for all: the caller finds out.
std::vector<DomainId> BestFirst(const Board& board, const std::vector<ClassNeed>& needs,
                                const CapacityRules& rules, const Scope& scope,
                                const std::vector<DomainId>& domains);

}  // namespace muster
