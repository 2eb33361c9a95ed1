// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <variant>

#include "absl/time/time.h"
#include "scheduling/capacity/options.h"
#include "scheduling/plan/planner.h"

namespace muster {

struct CapacityPlan {
  std::variant<Seats, Refusal> result;
  std::string choice;  // of which class the nodes are and why; empty where there is no choice
};

// Plans the gang with its capacity policies: each way to choose the classes of
// its nodes in turn, until one gives seats. Where none does, the refusal with
// which most members would fit.
CapacityPlan PlanWithCapacity(PlanInput input, const CapacityOptions& options, absl::Time now);

}  // namespace muster
