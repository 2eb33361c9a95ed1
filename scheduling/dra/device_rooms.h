// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "scheduling/dra/demand.h"
#include "scheduling/dra/supply.h"
#include "scheduling/model/cluster_view.h"
#include "scheduling/model/node.h"

namespace muster {

// Pods that ask for the same of a node's devices.
struct DeviceLoad {
  const DeviceDemand* demand = nullptr;
  int64_t pods = 1;
};

// Whether nodes have the devices that pods ask for.
//
// Why:     kube-scheduler chooses the devices; what is decided here is whether
//          there is a choice that serves all pods at once. So no device is
//          promised twice, and nothing is refused for which there is a choice.
// Exact:   for claims that ask for devices that one node alone reaches and that
//          claims do not share, up to 24 kinds of wishes and 64 ways to serve a
//          claim on one node; beyond that more may be said to fit than does.
// Threads: thread-compatible; remembers what it computed.
class DeviceRooms {
 public:
  // As if no claim had any device, where `empty`. `view` outlives this.
  explicit DeviceRooms(const ClusterView& view, bool empty = false) : view_(view), empty_(empty) {}

  // How many pods of `demand` the node's devices serve beside `loads`; at most `limit`.
  int64_t CountFitting(const Node& node, absl::Span<const DeviceLoad> loads, const DeviceDemand& demand,
                       int64_t limit);
  // Whether the node's devices serve all of `loads`.
  bool Fit(const Node& node, absl::Span<const DeviceLoad> loads);

 private:
  const ClusterView& view_;
  const bool empty_;
  Supplies supplies_;
};

// Whether what the pod's claims with devices allow includes the node.
bool PinsAllow(const DeviceDemand& demand, const Node& node);

}  // namespace muster
