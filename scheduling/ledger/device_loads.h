// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "absl/types/span.h"
#include "scheduling/dra/demand.h"
#include "scheduling/dra/device_rooms.h"
#include "scheduling/ledger/ledger.h"
#include "scheduling/model/cluster_view.h"
#include "scheduling/model/seat.h"

namespace muster {

// What pods on a node, and those with a seat there, ask of its devices beyond
// what the claims that have devices say: a claim counts as soon as its pod is
// promised the node, once, and is never counted beside its own devices.
//
// Threads: thread-compatible.
class DeviceLoads {
 public:
  // Of the seats that are promised and, where `with_bound`, of the pods that are bound.
  DeviceLoads(const ClusterView& view, const Ledger& ledger, const NodeName& node, bool with_bound = true);

  void Add(const DeviceDemand& demand, int64_t pods);
  bool empty() const { return demands_.empty(); }

  // Whether the node's devices serve all of them.
  bool Fit(DeviceRooms& rooms) const;
  // How many more pods of `demand` they serve; at most `limit`.
  int64_t CountFitting(DeviceRooms& rooms, const DeviceDemand& demand, int64_t limit) const;

 private:
  std::vector<DeviceLoad> Loads() const;

  const Node* node_ = nullptr;  // null: the view lacks it
  std::deque<std::pair<DeviceDemand, int64_t>> demands_;
};

}  // namespace muster
