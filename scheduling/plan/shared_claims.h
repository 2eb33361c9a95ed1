// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <string>
#include <variant>

#include "scheduling/model/seat.h"
#include "scheduling/plan/planner.h"

namespace muster {

// The node of each claim that pods share, by the claim.
using ClaimNodes = std::map<std::string, NodeName>;

// Plans with `plan`, which heeds PlanInput::claim_nodes, such that all members
// that share a claim without devices are on one node: where somebody who has it
// already is bound or promised to be; else on the first node with which the plan
// gives seats, of at most kMostClaimNodes that are tried, those with more devices for it
// first. Where several nodes reach devices there is no such rule.
std::variant<Seats, Refusal> PlanAroundSharedClaims(
    const PlanInput& input, const std::function<std::variant<Seats, Refusal>(const PlanInput&)>& plan);

inline constexpr int kMostClaimNodes = 64;

}  // namespace muster
