// SPDX-License-Identifier: Apache-2.0
#include "scheduling/declare/owner_chain.h"

#include "absl/strings/str_cat.h"

namespace muster::declare {

std::string TopOwner(const ClusterView& view, const Pod& pod) {
  // Workflow, RayJob, RayCluster, ...: far fewer, unless references go round.
  constexpr int kLongestChain = 10;
  const std::string ns(pod.name.ns());
  const Owner* owner = &pod.owner;
  for (int step = 0; step < kLongestChain; ++step) {
    const Owner* next =
        view.owners().Find({absl::StrCat(owner->kind, ".", owner->group), GangId(ns, owner->name)});
    if (next == nullptr) break;
    owner = next;
  }
  return owner->kind.empty() ? "" : absl::StrCat(owner->kind, " ", ns, "/", owner->name);
}

}  // namespace muster::declare
