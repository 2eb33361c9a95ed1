// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "scheduling/plan/planner.h"

namespace muster {

// The GPU products on one of which all members of the gang that ask for GPUs
// have to be: that of the members that have a place, or else each that the
// cluster has, the one with the most of the asked GPUs free first, then by name.
// Nodes that name no product count as of one. Empty if there is no choice: the
// gang allows different products, is on several already, or there is only one.
//
// Why:  a step of a distributed job takes as long as on its slowest GPU.
// Cost: O(nodes + members).
std::vector<std::string> ProductsToTry(const PlanInput& input);

}  // namespace muster
