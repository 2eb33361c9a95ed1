// SPDX-License-Identifier: Apache-2.0
#include "scheduling/engine/solo.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace muster {

bool InGang(const ClusterView& view, const Pod& pod) {
  if (!pod.membership.has_value()) return false;
  const GangDeclaration* declaration =
      view.FindDeclaration({pod.membership->declared_by, pod.membership->gang});
  return declaration == nullptr || declaration->all_or_none;
}

bool AsksForDevices(const Resources& amounts) {
  return std::any_of(amounts.scalars.begin(), amounts.scalars.end(), [](const auto& entry) {
    return entry.second > 0 && !absl::StartsWith(entry.first, "hugepages-") &&
           !absl::StartsWith(entry.first, "attachable-volumes-");
  });
}

GangId SoloOwner(const PodName& pod) { return GangId(pod.ns(), absl::StrCat("pod:", pod.name())); }

}  // namespace muster
