// SPDX-License-Identifier: Apache-2.0
// Kueue's Topology: the node labels of its levels, outermost first.
//
// Source: sigs.k8s.io/kueue v0.17.0 (checked), apis/kueue/v1beta2 (and v1beta1;
//         v1alpha1 before), topology_types.go: spec.levels[].nodeLabel, at most 16.
#include "nlohmann/json.hpp"
#include "scheduling/declare/topology_kind.h"

namespace muster::declare {
namespace {

class Kueue : public TopologyKind {
  CustomResource object() const override {
    return {"kueue.x-k8s.io", {"v1beta2", "v1beta1", "v1alpha1"}, "topologies", "Topology"};
  }
  void Read(const nlohmann::json& object, TopologyObject& into) const override {
    ReadLevels(object, "levels", "nodeLabel", "", into);
  }
};

}  // namespace

const TopologyKind& KueueTopology() {
  static const Kueue kind;
  return kind;
}

}  // namespace muster::declare
