// SPDX-License-Identifier: Apache-2.0
#include "scheduling/plan/exclusive.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

namespace muster {
namespace {

size_t At(int32_t index) { return static_cast<size_t>(index); }

// Marks the nodes of exclusive domains around members.
class Marker {
 public:
  Marker(const Topologies& topologies, const Board& board) : topologies_(topologies), board_(board) {}

  void Mark(const Membership& membership, const NodeName& node) {
    const std::optional<int32_t> n = board_.Find(node);
    if (!n.has_value()) return;
    MarkAround(*n, membership.topology);
    for (const SubgroupSpec& subgroup : membership.subgroups) MarkAround(*n, subgroup.topology);
  }

  std::vector<bool> Take() && { return std::move(marked_); }

 private:
  void MarkAround(int32_t node, const TopologyDemand& asked) {
    if (asked.exclusive.empty()) return;
    const Demand demand = DemandOf(asked);
    if (!demand.exclusive.has_value()) return;
    const DomainId domain = demand.tree->DomainOf(node, *demand.exclusive);
    if (domain == kNoDomain) return;
    if (marked_.empty()) marked_.resize(At(board_.node_count()));
    for (const int32_t n : demand.tree->NodesOf(domain)) marked_[At(n)] = true;
  }

  // One that can't be found is not kept either. Members mostly ask alike.
  const Demand& DemandOf(const TopologyDemand& asked) {
    if (!last_.has_value() || last_->first != asked) {
      last_ = {asked, FindDemand(asked, topologies_).value_or(Demand())};
    }
    return last_->second;
  }

  const Topologies& topologies_;
  const Board& board_;
  std::optional<std::pair<TopologyDemand, Demand>> last_;
  std::vector<bool> marked_;
};

}  // namespace

std::vector<bool> OthersHere(const PlanInput& input, const Parts& parts, const Board& board) {
  const bool exclusive = std::any_of(parts.all.begin(), parts.all.end(),
                                     [](const Part& part) { return part.demand.exclusive.has_value(); });
  if (!exclusive) return {};
  std::vector<bool> here(At(board.node_count()));
  for (int32_t n = 0; n < board.node_count(); ++n) {
    for (const auto& pod : input.view.FindNode(board.node(n).name)->pods) {
      if (pod->membership.has_value() && input.view.GangOf(*pod) != input.gang.id) here[At(n)] = true;
    }
  }
  input.ledger.promises().ForEach([&](const GangId& gang, const auto& promise) {
    if (gang == input.gang.id) return;
    for (const Seat& seat : promise->seats) {
      if (const auto n = board.Find(seat.node)) here[At(*n)] = true;
    }
  });
  return here;
}

std::vector<bool> KeptByOthers(const PlanInput& input, const Topologies& topologies, const Board& board) {
  Marker marker(topologies, board);
  input.view.exclusive_gangs().ForEach([&](const GangId& gang, int64_t) {
    if (gang == input.gang.id) return;
    const Promise* promise = input.ledger.Find(gang);
    input.view.FindMembers(gang)->ForEach([&](const PodName&, const std::shared_ptr<const Pod>& member) {
      if (member->finished()) return;
      const Seat* seat = promise == nullptr ? nullptr : promise->Find(member->uid);
      if (member->bound()) {
        marker.Mark(*member->membership, member->node);
      } else if (seat != nullptr) {
        marker.Mark(*member->membership, seat->node);
      }
    });
  });
  return std::move(marker).Take();
}

}  // namespace muster
