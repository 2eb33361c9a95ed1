// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "scheduling/model/gpu_inventory.h"
#include "scheduling/model/ids.h"
#include "scheduling/model/resources.h"
#include "scheduling/model/selector.h"

namespace muster {

// A node as placement sees it.
struct Node {
  NodeName name;
  Labels labels;
  std::vector<Taint> taints;
  bool unschedulable = false;  // spec.unschedulable, what `kubectl cordon` sets
  bool ready = true;           // condition Ready is True; a node without any conditions counts as ready
  Resources allocatable;
  std::optional<GpuInventory> gpus;  // unset where it has none

  friend bool operator==(const Node&, const Node&) = default;
};

}  // namespace muster
