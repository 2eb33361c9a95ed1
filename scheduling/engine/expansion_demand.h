// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "scheduling/capacity/gang_choice.h"
#include "scheduling/capacity/options.h"
#include "scheduling/engine/expansion.h"
#include "scheduling/model/cluster_view.h"
#include "scheduling/model/gang.h"

// Whom an autoscaler would buy for, and on which nodes they may be: what the
// planner and filter would say once the nodes are there.
namespace muster {

inline constexpr size_t kNone = static_cast<size_t>(-1);

// A pod for which the autoscaler would buy.
struct WantedPod {
  size_t gang = kNone;          // index into ExpansionDemand::gangs; kNone: in none, or not known
  size_t member = kNone;        // and into Gang::members
  std::vector<ClassSet> tries;  // of a pod without a gang, the one to try first first
  Resources requests;
};

// The pods of one gang that an option has.
struct GangOffer {
  size_t option;
  std::vector<size_t> members;  // indices into Gang::members
};

struct WantedGang {
  Gang gang;
  bool complete = false;        // its minimum exists and may be placed
  std::vector<size_t> members;  // that are to be bought for
  std::vector<GangOffer> offers;
};

struct ExpansionDemand {
  // The cluster with a node of each option beside its own.
  ClusterView view;
  std::vector<CapacityClass> classes;  // of the options
  std::vector<double> prices;          // of all that an option buys
  std::vector<WantedPod> pods;         // as in Expansion::pods
  std::vector<WantedGang> gangs;
};

// Cost: O(options x pods).
ExpansionDemand DemandOf(const ClusterView& view, const Expansion& expansion, const CapacityOptions& options,
                         absl::Time now);

// The ways to choose the classes of the gang's nodes, at least one; see ChoicesFor.
std::vector<GangChoice> WaysOf(const ExpansionDemand& demand, const WantedGang& wanted,
                               const CapacityOptions& options, absl::Time now, bool weighs);

}  // namespace muster
