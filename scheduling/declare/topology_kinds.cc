// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "scheduling/declare/object_fields.h"
#include "scheduling/declare/topology_kind.h"

namespace muster::declare {

std::string TopologyKind::name() const {
  const CustomResource kind = object();
  return absl::StrCat(kind.kind, ".", kind.group);
}

absl::StatusOr<TopologyObject> TopologyKind::Decode(const nlohmann::json& object) const {
  TopologyObject decoded;
  std::string no_name;
  decoded.key = {name(), ObjectFields(object, no_name).At("metadata").Text("name")};
  if (decoded.key.name.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(name(), ": /metadata/name: want a name"));
  }
  Read(object, decoded);
  return decoded;
}

absl::Span<const TopologyKind* const> TopologyKinds() {
  static const std::array<const TopologyKind*, 6> kinds = {&KoordinatorTopology(), &OldGroveTopology(),
                                                           &GroveTopology(),       &VolcanoHyperNode(),
                                                           &KaiTopology(),         &KueueTopology()};
  return kinds;
}

void ReadLevels(const nlohmann::json& object, absl::string_view list, absl::string_view key,
                absl::string_view name, TopologyObject& into) {
  const ObjectFields spec = ObjectFields(object, into.problem).At("spec");
  spec.ForEach(list, [&](const ObjectFields& level) {
    const std::string label = level.NeededText(key);
    const std::string called = level.Text(name);
    into.levels.push_back({called.empty() ? label : called, label});
  });
  if (into.levels.empty()) spec.Reject(list, "a list of levels");
}

}  // namespace muster::declare
