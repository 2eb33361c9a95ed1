// SPDX-License-Identifier: Apache-2.0
// Volcano's HyperNode: one domain of the network, with its tier and members.
//
// Source: volcano.sh/apis v1.13.0 and v1.14.0 (checked), topology/v1alpha1,
//         hypernode_types.go: spec.tier, spec.tierName (from v1.14.0), spec.members[].{type,selector.
//         {exactMatch.name|regexMatch.pattern|labelMatch}}; HyperNodes are
//         members by exactMatch alone.
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "nlohmann/json.hpp"
#include "scheduling/declare/label_selector.h"
#include "scheduling/declare/object_fields.h"
#include "scheduling/declare/topology_kind.h"

namespace muster::declare {
namespace {

HyperNodeMember ReadMember(const ObjectFields& fields) {
  HyperNodeMember member;
  const std::string type = fields.NeededText("type");
  member.is_hyper_node = type == "HyperNode";
  if (type != "Node" && type != "HyperNode") fields.Reject("type", "Node or HyperNode");
  const ObjectFields selector = fields.At("selector");
  const ObjectFields exact = selector.At("exactMatch");
  const ObjectFields regex = selector.At("regexMatch");
  const ObjectFields labels = selector.At("labelMatch");
  if (int{exact.Present()} + int{regex.Present()} + int{labels.Present()} != 1) {
    fields.Reject("selector", "one of exactMatch, regexMatch and labelMatch");
  } else if (member.is_hyper_node && !exact.Present()) {
    fields.Reject("selector", "exactMatch for a HyperNode");
  } else if (exact.Present()) {
    member.name = exact.NeededText("name");
  } else if (regex.Present()) {
    member.pattern = regex.NeededText("pattern");
  } else {
    member.labels = ReadLabelSelector(labels);
  }
  return member;
}

class Volcano : public TopologyKind {
  CustomResource object() const override {
    return {"topology.volcano.sh", {"v1alpha1"}, "hypernodes", "HyperNode"};
  }
  void Read(const nlohmann::json& object, TopologyObject& into) const override {
    const ObjectFields spec = ObjectFields(object, into.problem).At("spec");
    HyperNode hyper_node;
    hyper_node.tier = spec.NeededNumber("tier", 1, std::numeric_limits<int32_t>::max());
    hyper_node.tier_name = spec.Text("tierName");
    spec.ForEach("members",
                 [&](const ObjectFields& member) { hyper_node.members.push_back(ReadMember(member)); });
    into.hyper_node = std::move(hyper_node);
  }
};

}  // namespace

const TopologyKind& VolcanoHyperNode() {
  static const Volcano kind;
  return kind;
}

}  // namespace muster::declare
