// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "scheduling/declare/topology_fields.h"
#include "scheduling/declare/topology_kind.h"

namespace muster::declare {

std::string TopologyKind::name() const {
  const CustomResource kind = object();
  return absl::StrCat(kind.kind, ".", kind.group);
}

absl::StatusOr<TopologyObject> TopologyKind::Decode(const nlohmann::json& object) const {
  TopologyObject decoded;
  std::string no_name;
  decoded.key = {name(), TopologyFields(object, no_name).At("metadata").Text("name")};
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

}  // namespace muster::declare
