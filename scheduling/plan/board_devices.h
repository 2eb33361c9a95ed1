// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "scheduling/dra/demand.h"
#include "scheduling/dra/device_rooms.h"
#include "scheduling/ledger/device_loads.h"
#include "scheduling/model/ids.h"
#include "scheduling/plan/planner.h"

namespace muster {

// The devices of all nodes while one gang is being planned: how many more of its
// members they serve, and for whom they are short.
//
// Threads: thread-compatible.
class BoardDevices {
 public:
  // As if nothing ran and nothing was promised, where `empty`. `input` outlives this.
  BoardDevices(const PlanInput& input, bool empty)
      : input_(input), empty_(empty), rooms_(input.view, empty) {}

  // Whether members may be on the node whatever is free: by where their claims
  // with devices are, and those that they share with others.
  bool MayUse(const DeviceDemand& demand, const Node& node) const;
  // How many more members the node's devices serve; at most `limit`.
  int64_t CountFitting(const DeviceDemand& demand, const NodeName& node, int64_t limit);
  // So many members (less, where negative) have their place on the node.
  void Take(const DeviceDemand& demand, const NodeName& node, int64_t members);

  // Of what the node has too little for one more member. REQUIRES: it has.
  struct Lack {
    std::string what;  // "devices of gpu.nvidia.com"
    int64_t free = 0;
    bool promised = false;  // it would do without what is promised to others
  };
  Lack LackOn(const DeviceDemand& demand, const Node& node);

 private:
  DeviceLoads& LoadsOf(const NodeName& node);

  const PlanInput& input_;
  const bool empty_;
  DeviceRooms rooms_;
  std::map<NodeName, DeviceLoads> loads_;
};

// What the pod asks for, for people: "2 devices of gpu.nvidia.com"; empty if nothing.
std::string DescribeDevices(const DeviceDemand& demand);

}  // namespace muster
