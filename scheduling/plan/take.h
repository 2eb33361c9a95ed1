// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "scheduling/plan/board.h"
#include "scheduling/plan/capacity.h"
#include "scheduling/plan/scope.h"

namespace muster {

// Takes room for up to `members` members of the class in `domain`, as
// Distribute divides them, for the fill of this number. Where rules about other
// pods matter, one by one (see InTurn). Returns how many found room: all that do
// where no such rule matters, and then whole slices.
int64_t TakeUpTo(Board& board, size_t fill, size_t cls, CapacityRules rules, const Scope& scope,
                 DomainId domain, int64_t members);

}  // namespace muster
