// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "nlohmann/json_fwd.hpp"
#include "scheduling/declare/ecosystem.h"
#include "scheduling/model/topology.h"

namespace muster::declare {

// A kind of object, without a namespace, that says something of the fabric.
//
// Threads: pure; one constant object per kind serves every thread.
class TopologyKind {
 public:
  virtual ~TopologyKind() = default;

  virtual CustomResource object() const = 0;

  // What the keys of such objects have as declared_by, e.g.
  // "Topology.kueue.x-k8s.io".
  std::string name() const;

  // What the object says. A field that is missing or malformed is the problem
  // of the result; kInvalidArgument only where the object has no name.
  absl::StatusOr<TopologyObject> Decode(const nlohmann::json& object) const;

 private:
  // Adds what the spec says; the first thing wrong is `into`'s problem.
  virtual void Read(const nlohmann::json& object, TopologyObject& into) const = 0;
};

// Adds the levels in the array /spec/<list>, outermost first: of each the label
// under `key` and the name under `name`, or the label again where there is
// none. No levels are a problem.
void ReadLevels(const nlohmann::json& object, absl::string_view list, absl::string_view key,
                absl::string_view name, TopologyObject& into);

// Every kind that Muster understands, in the order of their names.
absl::Span<const TopologyKind* const> TopologyKinds();

// The kinds, each implemented in a file of its own.
const TopologyKind& KueueTopology();        // kueue_topology.cc
const TopologyKind& KaiTopology();          // kai_topology.cc
const TopologyKind& GroveTopology();        // grove_topology.cc: ClusterTopologyBinding
const TopologyKind& OldGroveTopology();     // grove_topology.cc: ClusterTopology
const TopologyKind& KoordinatorTopology();  // koordinator_topology.cc
const TopologyKind& VolcanoHyperNode();     // volcano_hyper_node.cc

}  // namespace muster::declare
