// SPDX-License-Identifier: Apache-2.0
// Grove's topologies: the words of its levels, outermost first, and the node
// label of each.
//
// Source: grove 0.1 (not checked against its module): grove.io/v1alpha1
//         ClusterTopologyBinding, and ClusterTopology as it was called before:
//         spec.levels[].{domain,key}.
#include <string>
#include <utility>

#include "nlohmann/json.hpp"
#include "scheduling/declare/topology_kind.h"

namespace muster::declare {
namespace {

class Grove : public TopologyKind {
 public:
  Grove(std::string plural, std::string kind) : plural_(std::move(plural)), kind_(std::move(kind)) {}

 private:
  CustomResource object() const override { return {"grove.io", {"v1alpha1"}, plural_, kind_}; }
  void Read(const nlohmann::json& object, TopologyObject& into) const override {
    ReadLevels(object, "levels", "key", "domain", into);
  }

  const std::string plural_;
  const std::string kind_;
};

}  // namespace

const TopologyKind& GroveTopology() {
  static const auto& kind = *new Grove("clustertopologybindings", "ClusterTopologyBinding");
  return kind;
}

const TopologyKind& OldGroveTopology() {
  static const auto& kind = *new Grove("clustertopologies", "ClusterTopology");
  return kind;
}

}  // namespace muster::declare
