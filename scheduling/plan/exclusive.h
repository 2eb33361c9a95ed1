// SPDX-License-Identifier: Apache-2.0
// Domains that a gang, or a part of one, has for itself: both ways, neither
// coming to others nor others coming to it.
#pragma once

#include <vector>

#include "scheduling/plan/board.h"
#include "scheduling/plan/parts.h"
#include "scheduling/plan/planner.h"

namespace muster {

// By node, whether members of other gangs are there or are promised to be.
// Empty if no part asks for an exclusive domain.
std::vector<bool> OthersHere(const PlanInput& input, const Parts& parts, const Board& board);

// By node, whether it is in a domain that another gang has for itself: one of
// the exclusive level around a living or promised member of it. Empty if there
// is no such gang.
// Cost: O(members of such gangs), and their domains' nodes.
std::vector<bool> KeptByOthers(const PlanInput& input, const Topologies& topologies, const Board& board);

}  // namespace muster
