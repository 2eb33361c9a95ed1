// SPDX-License-Identifier: Apache-2.0
// Nodes that are about to go, and the members on them.
#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "scheduling/engine/engine.h"

namespace muster {

void Engine::NoteDepartures(absl::Time now) {
  std::erase_if(departing_since_,
                [&](const auto& entry) { return view_->departing().Find(entry.first) == nullptr; });
  view_->departing().ForEach([&](const NodeName& name, const std::shared_ptr<const Node>& node) {
    const bool is_new = departing_since_.try_emplace(name, now).second;
    if (is_new && node->departure->reclaimed &&
        ClassOf(options_.capacity.classes, *node) == CapacityClass::kSpot) {
      reclaims_.Note(PoolOf(*node), now);
    }
  });
  reclaims_.Forget(now);
  penalties_ = reclaims_.At(now);
}

absl::Time Engine::FirstSeen(const NodeName& node) const {
  const auto at = departing_since_.find(node);
  return at == departing_since_.end() ? absl::InfiniteFuture() : at->second;
}

std::vector<LeavingMember> Engine::Leaving(const Gang& gang) const {
  std::vector<LeavingMember> leaving;
  if (view_->departing().empty()) return leaving;
  for (const auto& member : gang.members) {
    if (!member->bound() || member->finished()) continue;
    const std::shared_ptr<const Node>* node = view_->departing().Find(member->node);
    if (node == nullptr || !(*node)->departure->leaving) continue;
    const Departure& departure = *(*node)->departure;
    leaving.push_back({member->name, member->node, departure.signal,
                       muster::DeadlineOf(departure, FirstSeen(member->node))});
  }
  return leaving;
}

Engine::Departures Engine::CountDepartures() const {
  Departures count;
  view_->departing().ForEach([&](const NodeName& name, const std::shared_ptr<const Node>& node) {
    if (!node->departure->leaving) return;
    ++count.nodes;
    if (const auto deadline = muster::DeadlineOf(*node->departure, FirstSeen(name))) {
      count.next_deadline = std::min(count.next_deadline, *deadline);
    }
    const auto& pods = view_->FindNode(name)->pods;
    count.members +=
        std::count_if(pods.begin(), pods.end(), [](const auto& pod) { return pod->membership.has_value(); });
  });
  return count;
}

}  // namespace muster
