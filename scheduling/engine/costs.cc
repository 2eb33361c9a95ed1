// SPDX-License-Identifier: Apache-2.0
#include "scheduling/engine/costs.h"

#include <algorithm>
#include <memory>

namespace muster {

Costs CostsOf(const ClusterView& view, const Ledger& ledger, const CapacityOptions& options) {
  Costs costs;
  view.nodes().ForEach([&](const NodeName&, const NodeState& state) {
    if (state.node == nullptr) return;
    const CapacityClass capacity = ClassOf(options.classes, *state.node);
    const auto at = static_cast<size_t>(capacity);
    const int64_t gpus = GpusIn(state.node->allocatable);
    costs.gpus[at] += static_cast<double>(gpus);
    costs.idle_gpus[at] += static_cast<double>(std::clamp<int64_t>(GpusIn(state.free), 0, gpus));
    for (const auto& pod : state.pods) {
      costs.namespaces[std::string(pod->name.ns())].seated[at] +=
          options.prices.OfShare(*state.node, capacity, pod->shape.requests);
    }
  });
  ledger.promises().ForEach([&](const GangId& gang, const std::shared_ptr<const Promise>& promise) {
    for (const Seat& seat : promise->seats) {
      const NodeState* state = view.FindNode(seat.node);
      if (state == nullptr) continue;
      costs.namespaces[std::string(gang.ns())].waiting +=
          options.prices.OfShare(*state->node, ClassOf(options.classes, *state->node), seat.requests);
    }
  });
  return costs;
}

}  // namespace muster
