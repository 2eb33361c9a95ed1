// SPDX-License-Identifier: Apache-2.0
#include "scheduling/engine/solo.h"

#include "absl/strings/str_cat.h"

namespace muster {

bool InGang(const ClusterView& view, const Pod& pod) {
  if (!pod.membership.has_value()) return false;
  const GangDeclaration* declaration =
      view.FindDeclaration({pod.membership->declared_by, pod.membership->object_id()});
  return declaration == nullptr || declaration->all_or_none;
}

GangId SoloOwner(const PodName& pod) { return GangId(pod.ns(), absl::StrCat("pod:", pod.name())); }

}  // namespace muster
