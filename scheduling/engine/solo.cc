// SPDX-License-Identifier: Apache-2.0
#include "scheduling/engine/solo.h"

#include "absl/strings/str_cat.h"

namespace muster {

bool InGang(const ClusterView& view, const Pod& pod) {
  if (!pod.membership.has_value()) return false;
  if (view.IsInGroup(pod)) return true;
  const GangDeclaration* declaration = view.FindDeclaration(pod.membership->object_key());
  return declaration == nullptr || declaration->all_or_none;
}

GangId SoloOwner(const PodName& pod) { return GangId(pod.ns(), absl::StrCat("pod:", pod.name())); }

}  // namespace muster
