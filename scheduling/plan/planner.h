// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <variant>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "scheduling/ledger/ledger.h"
#include "scheduling/model/cluster_view.h"
#include "scheduling/model/gang.h"
#include "scheduling/model/seat.h"
#include "scheduling/plan/declined.h"
#include "scheduling/topology/topologies.h"

namespace muster {

// Everything that a plan depends on. All of it outlives the call.
struct PlanInput {
  const ClusterView& view;
  const Ledger& ledger;  // without a promise to this gang
  const Gang& gang;
  std::vector<Seat> kept;  // seats of unbound members that must stay where they are
  const Declined& declined;

  // Nodes that kube-scheduler itself found fit for a member: seats on these
  // come first. Null: all nodes alike.
  const absl::flat_hash_set<absl::string_view>* window = nullptr;

  // Those of `view`: see BuildTopologies.
  const Topologies* topologies = nullptr;
};

// Seats for unbound members: `kept` first, then new ones, in member order.
using Seats = std::vector<Seat>;

// Plans one gang: a seat for each of the first min_members members that is
// neither bound nor finished, and for as many of the others as then fit; or
// the reason why not, with numbers. Nothing between: a refusal holds no seat.
//
// Seats of equal members go to as few nodes as possible, filling nodes that
// are in use before breaking empty ones; ties end on the node's name.
// For members of one shape the verdict is exact. Members of several shapes are
// seated largest first; where that fails on small clusters (at most
// kExactNodes nodes) every assignment is tried within a bounded effort.
//
// Threads: pure. Cost: O(nodes x shapes), and sorting the nodes with room.
std::variant<Seats, Refusal> PlanGang(const PlanInput& input);

inline constexpr size_t kExactNodes = 64;

}  // namespace muster
