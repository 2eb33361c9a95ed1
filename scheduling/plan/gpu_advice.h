// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "scheduling/model/seat.h"
#include "scheduling/plan/planner.h"

namespace muster {

// Adds to the refusal of a gang without room what is odd about nodes with the
// GPUs that it asks for; and where it lacks MIG instances, which GPUs could be
// cut into such, and which pods of lower priority have some.
//
// Cost: O(nodes, and pods on them), for gangs that ask for GPUs.
void AdviseOnGpus(const PlanInput& input, Refusal& refusal);

}  // namespace muster
