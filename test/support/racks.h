// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "scheduling/model/cluster_view.h"
#include "scheduling/topology/topologies.h"

namespace muster::test {

// The one topology of hosts in racks by the label "rack".
// REQUIRES: every node that pods are bound to is in the view.
inline Topologies RacksOf(const ClusterView& view) {
  std::vector<const Node*> nodes;
  view.nodes().ForEach([&](const NodeName&, const NodeState& state) { nodes.push_back(state.node.get()); });
  Topologies topologies;
  topologies.all.push_back(
      {{"test", "racks"},
       DomainTree::ByLabels(
           {{.name = "rack", .key = "rack"}, {.name = "host", .key = "kubernetes.io/hostname"}}, nodes)});
  return topologies;
}

}  // namespace muster::test
