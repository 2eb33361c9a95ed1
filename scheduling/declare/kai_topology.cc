// SPDX-License-Identifier: Apache-2.0
// KAI's Topology: the node labels of its levels, outermost first, and how
// users may call them.
//
// Source: KAI 0.17 (not checked against its module): Topology
//         kai.scheduler/v1alpha1, spec.levels[].{nodeLabel,alias}.
#include "nlohmann/json.hpp"
#include "scheduling/declare/topology_kind.h"

namespace muster::declare {
namespace {

class Kai : public TopologyKind {
  CustomResource object() const override { return {"kai.scheduler", {"v1alpha1"}, "topologies", "Topology"}; }
  void Read(const nlohmann::json& object, TopologyObject& into) const override {
    ReadLevels(object, "levels", "nodeLabel", "alias", into);
  }
};

}  // namespace

const TopologyKind& KaiTopology() {
  static const Kai kind;
  return kind;
}

}  // namespace muster::declare
