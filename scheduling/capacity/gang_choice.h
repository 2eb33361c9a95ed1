// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "scheduling/capacity/class_set.h"
#include "scheduling/capacity/options.h"
#include "scheduling/capacity/policy.h"
#include "scheduling/model/cluster_view.h"
#include "scheduling/model/gang.h"
#include "scheduling/model/seat.h"

namespace muster {

// One way to choose the classes of a gang's nodes.
struct GangChoice {
  std::vector<ClassSet> members;  // in the order of Gang::members
  std::string text;               // what is chosen and why, with the sum; a sentence for people
};

// Expected cost of a gang's work on spot nodes against that on demand.
struct Weighing {
  double spot_rate = 0;  // per hour, all members together
  double kept_rate = 0;
  int64_t nodes = 0;              // that the gang would be on
  absl::Duration run_time = {};   // of undisturbed work
  absl::Duration lost = {};       // per reclaimed node: half a checkpoint interval, and the restart
  double reclaims = 0;            // expected in the run
  double any = 0;                 // the probability of at least one
  absl::Duration spot_time = {};  // expected on spot nodes; infinite: it would never end
  double spot_cost = 0;
  double kept_cost = 0;

  bool spot_is_cheaper() const { return spot_cost <= kept_cost; }
};

// Weighs. A gang loses work whichever of its nodes goes, so what is lost grows
// with the square of its size: n nodes are hit n times as often, and all n lose.
//
// With a node lost at the rate r, n of them, and L lost each time, T hours of
// work take T / (1 - n r L): more work is lost while the lost work is done again.
Weighing Weigh(double spot_rate, double kept_rate, int64_t nodes, double reclaimed_per_day,
               absl::Duration run_time, absl::Duration checkpoint_interval, absl::Duration restart_time);

// The sum, for people.
std::string Describe(const Weighing& weighing);

// The ways to choose classes for the gang, the one to try first first. Empty
// where every node is of unknown class: then there is nothing to choose.
//
// A gang is on nodes that are kept, or on spot ones, or on flex ones, or on those
// of unknown class, as a whole;
// members whose pods carry different policies make a whole of each of these, and
// where a mix is asked for the first members are on demand and the others are
// not. Members that are placed (bound, or `kept`) decide for those that join them.
// Without `weighs` the same ways come in an order that no price has a part in:
// weighing looks at every node.
std::vector<GangChoice> ChoicesFor(const ClusterView& view, const Gang& gang, const std::vector<Seat>& kept,
                                   const CapacityOptions& options, absl::Time now, bool weighs = true);

// The policy of each member, in their order.
std::vector<PolicyChoice> PoliciesOf(const ClusterView& view, const Gang& gang,
                                     const CapacityOptions& options);

// The classes of the nodes that there are.
ClassSet PresentClasses(const ClusterView& view, const ClassOptions& options);

}  // namespace muster
