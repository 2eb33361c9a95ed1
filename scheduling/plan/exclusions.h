// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "absl/types/span.h"
#include "scheduling/model/seat.h"
#include "scheduling/plan/attempt.h"
#include "scheduling/plan/board.h"
#include "scheduling/plan/parts.h"
#include "scheduling/plan/placer.h"
#include "scheduling/plan/planner.h"
#include "scheduling/plan/refusal_text.h"

namespace muster {

// What keeps one more member of a class off some nodes.
struct Exclusions {
  std::vector<Exclusion> by_cause;   // most nodes first, then by cause
  std::optional<Scarcest> scarcest;  // if some node lacks room
};

// Finds for each of `nodes` the one cause that keeps off it the member that found
// no place, beside those that the attempt seated.
// REQUIRES: attempt.cls; the placer has placed nothing. Nothing stays changed.
Exclusions FindExclusions(const PlanInput& input, const Parts& parts, const Attempt& attempt,
                          absl::Span<const int32_t> nodes, Board& board, Placer& placer);

}  // namespace muster
