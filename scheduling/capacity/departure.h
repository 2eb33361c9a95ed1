// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "scheduling/model/capacity.h"
#include "scheduling/model/selector.h"

namespace muster {

// A condition of a node that holds.
struct NodeCondition {
  std::string type;
  std::optional<absl::Time> since;
};

// What a node carries that can say that it is about to go.
struct NodeSigns {
  std::vector<Taint> taints;
  Labels labels;
  Labels annotations;
  std::vector<NodeCondition> conditions = {};  // those whose status is True
};

// The sign of departure on the node: of several the one with the least time
// left, then the first of the table; nullopt if there is none.
//
// Azure's umbrella condition VMEventScheduled and FreezeScheduled are none: the
// node stays. Neither are taints that come and go with a node's health.
std::optional<Departure> DepartureOf(const NodeSigns& signs);

// Whether Cluster Autoscaler thinks of removing the node: pods may go there, and
// then it stays.
bool IsDeletionCandidate(const std::vector<Taint>& taints);

}  // namespace muster
