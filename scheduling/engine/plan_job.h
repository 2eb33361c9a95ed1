// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "scheduling/capacity/options.h"
#include "scheduling/capacity/reclaims.h"
#include "scheduling/engine/capacity_plan.h"
#include "scheduling/ledger/ledger.h"
#include "scheduling/model/cluster_view.h"
#include "scheduling/model/gang.h"
#include "scheduling/model/seat.h"
#include "scheduling/plan/declined.h"
#include "scheduling/plan/gang_worth.h"
#include "scheduling/plan/tenants.h"
#include "scheduling/report.h"
#include "scheduling/topology/build_topologies.h"

namespace muster {

// The trees of one fabric (see ClusterView::fabric).
struct FabricTrees {
  ClusterView::Fabric fabric;
  std::shared_ptr<const Topologies> topologies;  // null: not built yet
};

// Whether the node is in other domains of the fabric of `after` than it was in
// `before`. `trees` are of the fabric of `before`; without them any other label
// may mean that.
bool Moved(const ClusterView& before, const ClusterView& after, const FabricTrees& trees,
           const NodeName& name);

struct StagedPlan;

// One gang to be planned, with copies of all that the plan depends on.
//
// Threads: a value; Run may take place on any thread.
struct PlanJob {
  std::shared_ptr<const ClusterView> view;
  Ledger ledger;  // without the gang's own promise
  Declined declined;
  Gang gang;
  std::vector<Seat> fixed;     // seats whose bindings are under way
  std::vector<Seat> standing;  // all seats that are still good, the fixed ones among them
  uint64_t growth = 0;         // the engine's growth count when this was taken out
  uint64_t installed = 0;      // and how many plans it had installed
  uint64_t exclusive = 0;      // of these, of gangs that ask for an exclusive domain
  TopologyOptions topology;
  FabricTrees trees;      // of the view's fabric
  bool may_relax = true;  // see PlanInput
  bool minimum_only = false;
  TenantOptions tenants = {};
  Penalties penalties = {};
  std::optional<GangWorth> worth = std::nullopt;  // unset: the gang asks for no devices
  std::shared_ptr<const CapacityOptions> capacity = std::make_shared<const CapacityOptions>();
  absl::Time now = absl::InfiniteFuture();
  // The view without placeholders whose room the gang gets if it needs it; null: none.
  std::shared_ptr<const ClusterView> room = nullptr;
  bool asks_for_nodes = false;   // whether somebody wants to know the next
  bool lacks_room = false;       // set by Run: refused, and not for the sake of closeness alone
  std::string choice = {};       // set by Run, see CapacityPlan
  std::vector<Seat> later = {};  // set by Run: room for the members of gang.later

  // Plans around the standing seats and, where that fails, around the fixed
  // ones alone; and where that fails too, in the room that placeholders hold.
  // `window`, if not null, holds nodes to be preferred. Trees that were not
  // built yet are built first.
  //
  // A gang with members that are created later gets seats only where there is
  // room for these too, if what they ask for is known.
  std::variant<std::vector<Seat>, Refusal> Run(const absl::flat_hash_set<absl::string_view>* window);

 private:
  StagedPlan PlanOn(const ClusterView& on, const absl::flat_hash_set<absl::string_view>* window,
                    bool relax) const;
};

// Sets of which class the node of each seat is, and what the seats cost.
void ShowClasses(const ClusterView& view, const CapacityOptions& options, GangReport& report);

struct PlanAllOptions {
  TopologyOptions topology = {};
  Closeness closeness = Closeness::kPatient;  // of gangs that do not say
  TenantOptions tenants = {};
  CapacityOptions capacity = {};
  int32_t placeholders_below = 0;  // see ScaleUpOptions
};

// Plans every gang of `view` that has pending members, in queue order, each
// beside the seats of those before it: what would happen if all of them were
// tried now. Patient gangs are planned as after their wait.
std::vector<GangReport> PlanAll(const ClusterView& view, Ledger ledger, const Declined& declined,
                                const PlanAllOptions& options);

// The report of a gang that has `seats` beyond its bound members, or `refusal`.
GangReport MakeReport(const Gang& gang, const std::vector<Seat>& seats, std::optional<Refusal> refusal);

}  // namespace muster
