// SPDX-License-Identifier: Apache-2.0
#include "scheduling/engine/placeholders.h"

#include <algorithm>
#include <vector>

namespace muster {

bool IsPlaceholder(const Pod& pod, int32_t below) {
  return pod.priority < below && !pod.membership.has_value();
}

bool MayUsePlaceholders(const Pod& pod, int32_t below) { return pod.may_preempt && pod.priority >= below; }

bool MayUsePlaceholders(const Gang& gang, int32_t below) {
  return std::all_of(gang.members.begin(), gang.members.end(), [&](const auto& member) {
    return !member->pending() || MayUsePlaceholders(*member, below);
  });
}

std::shared_ptr<const ClusterView> WithoutPlaceholders(const ClusterView& view, int32_t below) {
  std::vector<PodName> placeholders;
  view.negative().ForEach([&](const PodName& name, const std::shared_ptr<const Pod>& pod) {
    if (IsPlaceholder(*pod, below)) placeholders.push_back(name);
  });
  if (placeholders.empty()) return nullptr;
  auto without = std::make_shared<ClusterView>(view);
  for (const PodName& name : placeholders) without->RemovePod(name);
  return without;
}

}  // namespace muster
