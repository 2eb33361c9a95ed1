// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "scheduling/plan/attempt.h"
#include "scheduling/plan/board.h"
#include "scheduling/plan/parts.h"
#include "scheduling/plan/planner.h"
#include "scheduling/plan/refusal_text.h"

namespace muster {

// Why the required members of a gang found no place, with all numbers: how
// many fit side by side where it comes closest, how many at each level, which
// cause keeps one more member off how many nodes there, and what would help.
//
// `board` and `parts` are as before the attempt, of which `furthest` says how far it
// came. `default_level` is the level that applies because the gang asks for none.
// Takes nothing that it does not give back.
// Cost: O(classes x (nodes + domains)), twice where the empty cluster is asked.
NoRoom Shortfall(const PlanInput& input, Parts& parts, std::optional<size_t> default_level,
                 const Attempt& furthest, Board& board);

}  // namespace muster
