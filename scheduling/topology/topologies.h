// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "scheduling/model/topology.h"
#include "scheduling/topology/domain_tree.h"

namespace muster {

// A topology with the nodes of a cluster in it.
struct Topology {
  TopologyKey key;
  DomainTree tree;
};

// Why there is no tree of some topology, or something amiss in its objects.
struct TopologyProblem {
  TopologyKey key;
  std::string text;

  friend bool operator==(const TopologyProblem&, const TopologyProblem&) = default;
};

// Everything that is known of the fabric, over one list of nodes.
//
// Invariant: the trees number the nodes alike: those of a view in ascending
//            order of names, without those that the view lacks.
struct Topologies {
  std::vector<Topology> all;  // the one to prefer first
  std::vector<TopologyProblem> problems;
  // Every node by its hostname alone: in the trees above a node that lacks the
  // label of some level has no host either. Unset where nobody needs it.
  std::optional<DomainTree> hosts = std::nullopt;

  // The topology for gangs that name none; null if there is none at all.
  const Topology* Default() const { return all.empty() ? nullptr : &all.front(); }
};

// A level of one topology.
struct LevelRef {
  const Topology* topology = nullptr;
  size_t level = 0;

  const Level& operator*() const { return topology->tree.levels()[level]; }
};

// The level that `text` means (see FindLevel) in the topology called
// `topology`, or where that is empty in the first that has such a level. The
// result is valid as long as `topologies`.
//   kNotFound            no such topology or level; lists those that there are,
//                        and where no topology is named, those with a problem
//   kFailedPrecondition  the topology has a problem, which is named
absl::StatusOr<LevelRef> FindLevel(const Topologies& topologies, absl::string_view topology,
                                   absl::string_view text);

}  // namespace muster
