// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "scheduling/engine/engine.h"
#include "scheduling/engine/placeholders.h"
#include "scheduling/engine/solo.h"

namespace muster {

std::vector<EvictionOption> Engine::PreemptPlaceholders(const PreemptCall& call) const {
  std::vector<EvictionOption> acceptable;
  const std::shared_ptr<const Pod> pod = view_->FindPod(call.pod.name);
  const bool known = pod != nullptr && pod->uid == call.pod.uid;
  const Promise* promise = known ? ledger_.Find(view_->GangOf(*pod)) : nullptr;
  const Seat* seat = promise == nullptr ? nullptr : promise->Find(pod->uid);
  if (seat == nullptr || !AwaitsPlaceholders(*seat) || !Stands(*seat)) return acceptable;
  const auto& there = view_->FindNode(seat->node)->pods;
  for (const EvictionOption& option : call.options) {
    if (option.node != seat->node || option.victims.empty()) continue;
    const bool harmless = std::all_of(option.victims.begin(), option.victims.end(), [&](const PodUid& uid) {
      return std::any_of(there.begin(), there.end(), [&](const auto& victim) {
        return victim->uid == uid && IsPlaceholder(*victim, options_.scale_up.placeholders_below);
      });
    });
    if (harmless) acceptable.push_back(option);
  }
  return acceptable;
}

std::vector<EvictionOption> Engine::Preempt(const PreemptCall& call) const {
  std::vector<EvictionOption> acceptable;
  // A member with a seat needs nobody's room but that of placeholders, and one
  // without has no node that would be its own once the victims are gone.
  if (InGang(*view_, call.pod)) return PreemptPlaceholders(call);

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
