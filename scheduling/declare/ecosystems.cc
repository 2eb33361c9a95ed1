// SPDX-License-Identifier: Apache-2.0
#include "scheduling/declare/ecosystems.h"

#include <array>

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"

namespace muster::declare {

absl::Span<const Ecosystem* const> Ecosystems() {
  // The pod's own field before labels of other projects before ours.
  static const std::array<const Ecosystem*, 3> kEcosystems = {&Native(), &SchedulerPlugins(),
                                                              &MusterLabels()};
  return kEcosystems;
}

std::optional<Membership> Recognise(const PodFacts& pod) {
  for (const Ecosystem* ecosystem : Ecosystems()) {
    if (auto membership = ecosystem->Recognise(pod)) return membership;
  }
  return std::nullopt;
}

absl::StatusOr<GangDeclaration> Ecosystem::Decode(const nlohmann::json&) const {
  return absl::InvalidArgumentError(absl::StrCat(name(), " has no objects"));
}

}  // namespace muster::declare
