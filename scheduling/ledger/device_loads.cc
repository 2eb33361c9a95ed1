// SPDX-License-Identifier: Apache-2.0
#include "scheduling/ledger/device_loads.h"

#include <algorithm>
#include <utility>

namespace muster {

DeviceLoads::DeviceLoads(const ClusterView& view, const Ledger& ledger, const NodeName& node,
                         bool with_bound) {
  const NodeState* state = view.FindNode(node);
  if (state != nullptr) node_ = state->node.get();
  const ClusterView::Members* pods = with_bound ? view.FindClaiming(node) : nullptr;
  if (pods != nullptr) {
    pods->ForEach(
        [&](const PodName&, const std::shared_ptr<const Pod>& pod) { Add(DemandOf(view, *pod), 1); });
  }
  const auto seats = ledger.Claiming(node);
  if (seats == nullptr) return;
  for (const Seat& seat : *seats) {
    // One that is bound by now is among the pods.
    const std::shared_ptr<const Pod> pod = view.FindPod(seat.pod);
    if (pod != nullptr && pod->uid == seat.uid && pod->bound()) continue;
    Add(DemandOf(view, seat), 1);
  }
}

void DeviceLoads::Add(const DeviceDemand& demand, int64_t pods) {
  if (demand.claims.empty()) return;
  const auto same = std::find_if(demands_.begin(), demands_.end(),
                                 [&](const auto& known) { return known.first.key == demand.key; });
  if (same == demands_.end()) {
    if (pods > 0) demands_.emplace_back(demand, pods);
    return;
  }
  same->second += pods;
  if (same->second <= 0) demands_.erase(same);
}

std::vector<DeviceLoad> DeviceLoads::Loads() const {
  std::vector<DeviceLoad> loads;
  loads.reserve(demands_.size());
  for (const auto& [demand, pods] : demands_) loads.push_back({&demand, pods});
  return loads;
}

bool DeviceLoads::Fit(DeviceRooms& rooms) const { return node_ == nullptr || rooms.Fit(*node_, Loads()); }

int64_t DeviceLoads::CountFitting(DeviceRooms& rooms, const DeviceDemand& demand, int64_t limit) const {
  return node_ == nullptr ? 0 : rooms.CountFitting(*node_, Loads(), demand, limit);
}

}  // namespace muster
