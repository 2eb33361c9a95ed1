// SPDX-License-Identifier: Apache-2.0
#include "scheduling/declare/ecosystems.h"

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "scheduling/declare/kueue_topology_request.h"

namespace muster::declare {

absl::Span<const Ecosystem* const> Ecosystems() {
  // The pod's own field, then what names a gang in the words of other projects
  // before ours, then what is a gang because of the controller that made it.
  static const std::array<const Ecosystem*, 19> kEcosystems = {
      &Native(),          &NativeComposite(), &SchedulerPlugins(), &Volcano(), &Kai(),
      &Koordinator(),     &YuniKorn(),        &KueuePods(),        &Spark(),   &MusterLabels(),
      &LeaderWorkerSet(), &JobSet(),          &PyTorchJob(),       &TfJob(),   &MpiJob(),
      &XgBoostJob(),      &PaddleJob(),       &JaxJob(),           &Ray()};
  return kEcosystems;
}

std::optional<Membership> Recognise(const PodFacts& pod) {
  std::optional<Membership> used;
  std::vector<std::string> ignored;
  for (const Ecosystem* ecosystem : Ecosystems()) {
    std::optional<Membership> membership = ecosystem->Recognise(pod);
    if (!membership.has_value()) continue;
    if (used.has_value()) {
      ignored.emplace_back(ecosystem->name());
      continue;
    }
    used = std::move(membership);
    AddKueueTopology(pod, ecosystem->RolesArePodSets(), *used);
  }
  if (used.has_value()) used->ignored.insert(used->ignored.begin(), ignored.begin(), ignored.end());
  return used;
}

absl::StatusOr<GangDeclaration> Ecosystem::Decode(const nlohmann::json&) const {
  return absl::InvalidArgumentError(absl::StrCat(name(), " has no objects"));
}

}  // namespace muster::declare
