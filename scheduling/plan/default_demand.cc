// SPDX-License-Identifier: Apache-2.0
#include "scheduling/plan/default_demand.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "scheduling/model/resources.h"
#include "scheduling/plan/board.h"
#include "scheduling/plan/placer.h"

namespace muster {
namespace {

bool SaysNothing(const PlanInput& input) {
  return input.gang.topology.empty() &&
         std::all_of(input.gang.subgroups.begin(), input.gang.subgroups.end(),
                     [](const Subgroup& subgroup) { return subgroup.topology.empty(); });
}

bool FitsOneHostNow(const Topologies& topologies, Board& board, const Parts& parts) {
  Parts copy = parts;
  return topologies.hosts.has_value() && Placer(board, copy, {}).FitsInOne(*topologies.hosts, 0);
}

}  // namespace

std::optional<size_t> ApplyDefaultDemand(const PlanInput& input, const Topologies& topologies, Board& board,
                                         Parts& parts) {
  const Topology* topology = topologies.Default();
  const bool asks_for_devices = std::any_of(parts.members.begin(), parts.members.end(), [](const Member& m) {
    return AsksForDevices(m.pod->shape.requests) || m.pod->shape.claims.has_value();
  });
  if (topology == nullptr || !asks_for_devices || !SaysNothing(input)) return std::nullopt;
  Board empty = EmptyBoard(input, parts, board);
  // Of the whole gang, wherever its members are now.
  Parts copy = parts;
  for (Member& member : copy.members) {
    member.required = member.required || member.node != kNoNode;
    member.node = kNoNode;
  }
  Placer placer(empty, copy, {});
  const DomainTree* tree = &topology->tree;
  std::optional<size_t> level;
  // A host that lacks the label of a level around it is one node all the same. A
  // gang that may spread needs the levels instead, unless one node takes it now.
  const bool may_spread = input.may_relax && !FitsOneHostNow(topologies, board, parts);
  if (topologies.hosts.has_value() && !may_spread && placer.FitsInOne(*topologies.hosts, 0)) {
    tree = &*topologies.hosts;
    level = 0;
  }
  for (size_t l = tree->levels().size(); l-- > 0 && !level.has_value();) {
    if (placer.FitsInOne(*tree, l)) level = l;
  }
  Demand& demand = parts.all.front().demand;
  demand.tree = tree;
  const bool has_place = std::any_of(parts.members.begin(), parts.members.end(), [&](const Member& m) {
    return m.bound || (m.kept && !input.kept_may_move);
  });
  (input.may_relax || has_place ? demand.preferred : demand.required) = level;
  return level;
}

}  // namespace muster
