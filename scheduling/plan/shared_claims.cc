// SPDX-License-Identifier: Apache-2.0
#include "scheduling/plan/shared_claims.h"

#include <algorithm>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "scheduling/dra/demand.h"
#include "scheduling/plan/board_devices.h"

namespace muster {
namespace {

using Result = std::variant<Seats, Refusal>;

// A claim that members share, with what one of them asks for.
using Shared = std::map<std::string, DeviceDemand>;

Shared SharedClaims(const PlanInput& input) {
  Shared shared;
  for (const auto& member : input.gang.members) {
    if (!member->pending() || !member->shape.claims.has_value()) continue;
    DeviceDemand demand = DemandOf(input.view, *member);
    for (const ClaimDemand& claim : demand.claims) {
      if (!claim.shared.empty()) shared.try_emplace(claim.shared, demand);
    }
  }
  return shared;
}

// Where those are that have one of these claims already.
ClaimNodes Holders(const PlanInput& input, const Shared& shared) {
  ClaimNodes holders;
  const auto note = [&](const DeviceDemand& demand, const NodeName& node) {
    for (const ClaimDemand& claim : demand.claims) {
      if (shared.contains(claim.shared)) holders.emplace(claim.shared, node);
    }
  };
  input.view.nodes().ForEach([&](const NodeName& name, const NodeState&) {
    if (const ClusterView::Members* pods = input.view.FindClaiming(name)) {
      pods->ForEach([&](const PodName&, const std::shared_ptr<const Pod>& pod) {
        note(DemandOf(input.view, *pod), name);
      });
    }
    if (const auto seats = input.ledger.Claiming(name)) {
      for (const Seat& seat : *seats) note(DemandOf(input.view, seat), name);
    }
  });
  for (const Seat& seat : input.kept) note(DemandOf(input.view, seat), seat.node);
  return holders;
}

// The nodes that have devices for the demand, those with more for it first.
std::vector<NodeName> Candidates(const PlanInput& input, const DeviceDemand& demand) {
  BoardDevices devices(input, false);
  std::vector<std::pair<int64_t, NodeName>> nodes;
  input.view.nodes().ForEach([&](const NodeName& name, const NodeState& state) {
    if (state.node == nullptr || !devices.MayUse(demand, *state.node)) return;
    constexpr int64_t kEnough = 1024;
    const int64_t fits = devices.CountFitting(demand, name, kEnough);
    if (fits > 0) nodes.emplace_back(-fits, name);
  });
  std::sort(nodes.begin(), nodes.end());
  std::vector<NodeName> names;
  for (auto& [fits, name] : nodes) names.push_back(std::move(name));
  return names;
}

class Trying {
 public:
  Trying(const PlanInput& input, const std::function<Result(const PlanInput&)>& plan, const Shared& shared)
      : input_(input), plan_(plan), shared_(shared) {}

  Result Run(ClaimNodes nodes) {
    const auto open = std::find_if(shared_.begin(), shared_.end(),
                                   [&](const auto& claim) { return !nodes.contains(claim.first); });
    PlanInput input = input_;
    input.claim_nodes = &nodes;
    if (open == shared_.end()) {
      --left_;
      return plan_(input);
    }
    std::optional<Refusal> closest;
    for (const NodeName& node : Candidates(input, open->second)) {
      if (left_ <= 0) break;
      nodes[open->first] = node;
      Result result = Run(nodes);
      auto* refusal = std::get_if<Refusal>(&result);
      if (refusal == nullptr) return result;
      if (!closest.has_value() || refusal->fits > closest->fits) closest = std::move(*refusal);
    }
    if (closest.has_value()) return *std::move(closest);
    // What is short is told as if the claim were nobody else's.
    nodes[open->first] = NodeName();
    return plan_(input);
  }

 private:
  const PlanInput& input_;
  const std::function<Result(const PlanInput&)>& plan_;
  const Shared& shared_;
  int left_ = kMostClaimNodes;
};

}  // namespace

Result PlanAroundSharedClaims(const PlanInput& input, const std::function<Result(const PlanInput&)>& plan) {
  const Shared shared = input.view.reached_by_several().empty() ? SharedClaims(input) : Shared();
  if (shared.empty()) return plan(input);
  return Trying(input, plan, shared).Run(Holders(input, shared));
}

}  // namespace muster
