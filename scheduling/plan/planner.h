// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "scheduling/capacity/reclaims.h"
#include "scheduling/ledger/ledger.h"
#include "scheduling/model/cluster_view.h"
#include "scheduling/model/gang.h"
#include "scheduling/model/seat.h"
#include "scheduling/plan/declined.h"
#include "scheduling/plan/gang_worth.h"
#include "scheduling/plan/seat_classes.h"
#include "scheduling/plan/tenants.h"
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

  // Those of `view`: see BuildTopologies. Null: there are none.
  const Topologies* topologies = nullptr;

  // Whether a default demand may be relaxed, because the gang has waited or
  // need not wait.
  bool may_relax = true;

  // Whether `kept` may be given up where the rest has no place beside them:
  // nothing is being bound yet.
  bool kept_may_move = false;

  // Who may use one GPU at the same time.
  TenantOptions tenants = {};

  // The product of the GPUs for the gang's members; null: any.
  const std::string* gpu_product = nullptr;

  // On which node claims that pods share are to be; null: on any. See shared_claims.h.
  const std::map<std::string, NodeName>* claim_nodes = nullptr;

  // Leaves the members beyond the minimum without seats: first come the
  // minimums of other gangs.
  bool minimum_only = false;

  // Nodes to avoid where others are as good.
  Penalties penalties = {};

  // On which classes of nodes members may be; outlives the call. Null: on all.
  const SeatClasses* classes = nullptr;

  // What members cost the pods to come; outlives the call. Null: nothing is known of these.
  const GangWorth* worth = nullptr;
};

// Seats for unbound members: `kept` first, then new ones, in member order.
using Seats = std::vector<Seat>;

// Plans one gang: a seat for every member that its minimum and those of its
// subgroups need and that has no place yet, and for as many of the others as
// then fit; or the reason why not, with numbers. Nothing between: a refusal
// holds no seat.
//
// Those that ask for GPUs go to one product of them, unless the gang allows
// others (see one_product.h), and share no GPU with another tenant.
//
// Members go where the gang's and its subgroups' topology demands want them; a
// gang that asks for devices and for no topology gets a default demand (see
// default_demand.h). Then on as few domains of each level as possible, outermost
// first, and within them on as few nodes, of these where the pods to come lose
// least by it, filling those that are in use before breaking empty ones. Ties end on the order of the nodes'
// names.
//
// For members of one shape in one part the verdict is exact. Otherwise the most
// demanding are placed first, and where that fails other domains are tried; on
// clusters of at most kExactNodes nodes every assignment is, within a bounded
// effort.
//
// Threads: pure. Cost: O(nodes x shapes), and sorting the nodes with room.
std::variant<Seats, Refusal> PlanGang(const PlanInput& input);

inline constexpr size_t kExactNodes = 64;

}  // namespace muster
