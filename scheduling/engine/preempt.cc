// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "scheduling/engine/engine.h"
#include "scheduling/engine/solo.h"

namespace muster {

std::vector<EvictionOption> Engine::Preempt(const PreemptCall& call) const {
  std::vector<EvictionOption> acceptable;
  // A member with a seat needs nobody's room, and one without has no node that
  // would be its own once the victims are gone.
  if (InGang(*view_, call.pod)) return acceptable;

  for (const EvictionOption& option : call.options) {
    const NodeState* state = view_->FindNode(option.node);
    if (state == nullptr || option.victims.empty()) continue;
    Resources free = ledger_.Free(*state);
    const bool harmless = std::all_of(option.victims.begin(), option.victims.end(), [&](const PodUid& uid) {
      const auto victim = std::find_if(state->pods.begin(), state->pods.end(),
                                       [&](const auto& pod) { return pod->uid == uid; });
      // One that the view does not show here may be a held member of a gang.
      if (victim == state->pods.end() || InGang(*view_, **victim)) return false;
      free += (*victim)->shape.requests;
      return true;
    });
    // Room that is promised to a gang would not become the pod's.
    if (harmless && Fits(call.pod.shape.requests, free)) acceptable.push_back(option);
  }
  return acceptable;
}

}  // namespace muster
