// SPDX-License-Identifier: Apache-2.0
#include "scheduling/plan/one_product.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <utility>

#include "scheduling/plan/gpu_rules.h"

namespace muster {
namespace {

// What the gang's pending members ask for of GPUs, and where the others are.
struct Asked {
  std::set<std::string> resources;
  std::set<NodeName> places;
  bool mixed = false;
};

Asked AskedBy(const PlanInput& input) {
  Asked asked;
  for (const auto& member : input.gang.members) {
    if (member->finished() || !AsksForGpus(member->shape.requests)) continue;
    const auto& wish = member->shape.gpu_wish;
    asked.mixed |= wish.has_value() && wish->mixed_products;
    if (member->bound()) asked.places.insert(member->node);
    for (const auto& [resource, amount] : member->shape.requests.scalars) {
      if (amount > 0) asked.resources.insert(resource);
    }
  }
  for (const Seat& seat : input.kept) {
    if (AsksForGpus(seat.requests)) asked.places.insert(seat.node);
  }
  return asked;
}

std::vector<std::string> ProductsAt(const ClusterView& view, const std::set<NodeName>& places) {
  std::set<std::string> products;
  for (const NodeName& name : places) {
    const NodeState* state = view.FindNode(name);
    if (state == nullptr || state->node == nullptr) continue;
    products.insert(state->node->gpus.has_value() ? state->node->gpus->product : "");
  }
  return {products.begin(), products.end()};
}

}  // namespace

std::vector<std::string> ProductsToTry(const PlanInput& input) {
  const Asked asked = AskedBy(input);
  if (asked.mixed || asked.resources.empty()) return {};
  std::map<std::string, int64_t> free;  // by product
  input.view.nodes().ForEach([&](const NodeName&, const NodeState& state) {
    if (state.node == nullptr || !state.node->gpus.has_value()) return;
    for (const std::string& resource : asked.resources) {
      const GpuPool* pool = state.node->gpus->Find(resource);
      if (pool == nullptr || pool->units == 0) continue;
      free[state.node->gpus->product] += std::max<int64_t>(state.free.Get(resource), 0);
    }
  });
  if (free.size() < 2) return {};
  if (std::vector<std::string> at = ProductsAt(input.view, asked.places); !at.empty()) {
    return at.size() == 1 ? at : std::vector<std::string>();
  }
  std::vector<std::pair<std::string, int64_t>> order(free.begin(), free.end());
  std::stable_sort(order.begin(), order.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  std::vector<std::string> products;
  for (auto& [product, units] : order) products.push_back(product);
  return products;
}

}  // namespace muster
