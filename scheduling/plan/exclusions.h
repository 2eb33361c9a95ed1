// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "absl/types/span.h"
#include "scheduling/model/seat.h"
#include "scheduling/plan/board.h"
#include "scheduling/plan/capacity.h"
#include "scheduling/plan/planner.h"
#include "scheduling/plan/refusal_text.h"

namespace muster {

// What keeps one more member of a class off some nodes.
struct Exclusions {
  std::vector<Exclusion> by_cause;   // most nodes first, then by cause
  std::optional<Scarcest> scarcest;  // if some node lacks room
};

// Finds for each of `nodes` the one cause that keeps the next member of the
// class off it, beside those that fit: `left` says by node how many more have
// room then.
Exclusions FindExclusions(const PlanInput& input, const Board& board, size_t cls, const CapacityRules& rules,
                          absl::Span<const int64_t> left, absl::Span<const int32_t> nodes);

}  // namespace muster
