// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "scheduling/capacity/options.h"
#include "scheduling/model/cluster_view.h"
#include "scheduling/model/ids.h"
#include "scheduling/model/node.h"
#include "scheduling/topology/build_topologies.h"

namespace muster {

// A pod for which an autoscaler would buy a node.
struct PendingPod {
  PodName name;
  PodUid uid;
};

// One thing that an autoscaler could buy.
struct ExpansionOption {
  std::string id;            // of the node group
  int64_t nodes = 0;         // that it would add
  Node sample;               // what such a node looks like
  std::vector<size_t> pods;  // that would find room: indices into Expansion::pods
};

struct Expansion {
  std::vector<PendingPod> pods;
  std::vector<ExpansionOption> options;
};

// What is preferred among options that serve the same gang, or none.
enum class ExpanderOrder {
  kLeastCost,   // the least price for what the pods are worth by the rates
  kLeastWaste,  // the least part of what is bought left over: of CPU, memory and GPUs, weighed by the rates
  kMostPods,
  kPriority,  // the first by ExpanderOptions::groups, then the least price
};

struct ExpanderOptions {
  ExpanderOrder order = ExpanderOrder::kLeastCost;
  // Of kPriority: patterns (RE2) of the names of node groups, a part of which they
  // match, the ones to grow first first; groups that none matches come last.
  std::vector<std::string> groups = {};
};

// A choice among options.
struct ExpanderChoice {
  std::vector<size_t> options;  // equally good, in the order of the call; none: buy nothing now
  std::string why;              // a clause for the log
};

// Chooses what to buy.
//
// Which classes a pod may be on is what the planner and filter say, in a cluster
// that has a node of each option beside its own: see ChoicesFor, SoloClassesOf.
//
// The first gang in the queue that some option serves whole decides: of those
// that do, the options where all of the gang can be in one domain of the level
// that it asks for; then of the classes that it tries first; then those that lack
// the fewest of its kinds; then by `order`. An option serves a gang whole if it
// has room for all of its pods, of each kind that it can take at all, that the
// autoscaler wants to buy for in any option, and other options, in the same
// classes, have the kinds that it lacks; and the gang is complete.
//
// Where no gang is served whole the options are compared by the pods without a
// gang that they serve, each where it would go first. Nothing is bought if every
// option would buy a part of a gang and serve nobody else: the part would be paid
// and stand idle. Options that serve nobody that Muster knows are left to the
// next expander: all are chosen.
//
// Threads: pure. Cost: O(options x pods), and of each gang that is looked at
//          until one decides what ChoicesFor costs.
ExpanderChoice ChooseExpansion(const ClusterView& view, const Expansion& expansion,
                               const CapacityOptions& capacity, const TopologyOptions& topology,
                               const ExpanderOptions& options, absl::Time now);

}  // namespace muster
