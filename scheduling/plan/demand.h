// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "scheduling/model/topology_demand.h"
#include "scheduling/topology/domain_tree.h"
#include "scheduling/topology/topologies.h"

namespace muster {

// One layer of slices: groups of `size` members, each in one domain of `level`.
struct SliceLayer {
  size_t level = 0;
  int64_t size = 0;
};

// A TopologyDemand with its levels found in one tree: what the planner keeps to.
//
// Levels are indices into tree->levels(), so a larger one is further in.
// Invariant: every slice layer is within `required` and within the layer
//            before, its size a divisor of that one's; `preferred` is within
//            `required`; spread and slices are not both there.
struct Demand {
  const DomainTree* tree = nullptr;  // null: nothing is asked for
  std::optional<size_t> required;
  std::optional<size_t> preferred;
  std::vector<SliceLayer> slices;  // outermost first
  std::optional<size_t> exclusive;
  std::optional<size_t> spread;

  // The innermost level that every used node must have a domain of.
  std::optional<size_t> InnermostNeeded() const;
};

// Finds the levels of `demand` in the topology that it names, or else in the
// first that has them all. Valid as long as `topologies`.
//   kNotFound, kFailedPrecondition  no such topology or level; the message says which there are
//   kInvalidArgument                what it asks for contradicts itself
absl::StatusOr<Demand> FindDemand(const TopologyDemand& demand, const Topologies& topologies);

}  // namespace muster
