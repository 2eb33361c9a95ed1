// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "scheduling/model/capacity.h"
#include "scheduling/model/gpu_inventory.h"
#include "scheduling/model/ids.h"
#include "scheduling/model/node_overlay.h"
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

  std::string provider_id;  // spec.providerID

  // By the well-known labels: see scheduling/capacity, which knows what the
  // operator says beside them.
  CapacityClass capacity = CapacityClass::kUnknown;
  std::optional<Departure> departure;            // set where it is about to go, or not in service yet
  bool deletion_candidate = false;               // Cluster Autoscaler removes it unless pods come
  std::optional<PriceChange> price_change = {};  // set by the view, by its overlays
  // The allocatable amounts that are devices, for which kube-scheduler makes
  // claims, and whose number the view says; by resource, in ascending order.
  std::vector<std::string> by_claims = {};

  friend bool operator==(const Node&, const Node&) = default;
};

}  // namespace muster
