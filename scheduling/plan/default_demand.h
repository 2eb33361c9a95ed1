// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>

#include "scheduling/plan/parts.h"
#include "scheduling/plan/planner.h"
#include "scheduling/topology/topologies.h"

namespace muster {

// Gives a gang that asks for devices and says nothing about the fabric the
// demand that it would have wished for: one domain of the innermost level of
// the default topology at which some domain holds its required members when
// it is empty. So one node's worth of GPUs goes to one node, more to one rack.
//
// The level is required, or where input.may_relax preferred; it is never more
// than preferred once members have a place. Returns the level, if there is one
// that binds: nullopt if nothing was changed or no single domain is enough.
// Nothing is taken from the board.
std::optional<size_t> ApplyDefaultDemand(const PlanInput& input, const Topologies& topologies, Board& board,
                                         Parts& parts);

}  // namespace muster
