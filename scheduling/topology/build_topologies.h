// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "scheduling/model/cluster_view.h"
#include "scheduling/model/topology.h"
#include "scheduling/topology/topologies.h"

namespace muster {

// What the operator says of the fabric.
struct TopologyOptions {
  std::vector<Level> levels;  // one more topology, outermost first; empty: none

  friend bool operator==(const TopologyOptions&, const TopologyOptions&) = default;
};

// The topology of TopologyOptions.
inline constexpr absl::string_view kConfiguration = "configuration";

// Every topology of the view, over its nodes:
//
//   1. the configured one
//   2. those of topology objects; all HyperNodes together make one
//   3. those that node labels show (see WellKnownTopologies)
//
// Among objects, those with the most nodes that have a domain at every level go
// first, ties by key. A topology without any such node goes last of all: it
// gives no gang a place. What can't be used is among the problems, in the order
// 1 to 3, objects by key.
//
// Threads: pure. Cost: O(nodes x labels + nodes x topologies x levels), and
//          BuildHyperNodeTree's.
Topologies BuildTopologies(const ClusterView& view, const TopologyOptions& options);

}  // namespace muster
