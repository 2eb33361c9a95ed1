// SPDX-License-Identifier: Apache-2.0
// Objects beside nodes and pods that say something of them.
#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "scheduling/model/cluster_view.h"

namespace muster {

void ClusterView::Upsert(DisruptionBudget budget) {
  const PodName name(budget.ns, budget.name);
  budgets_.Set(name, std::make_shared<const DisruptionBudget>(std::move(budget)));
}

void ClusterView::RemoveDisruptionBudget(const PodName& name) { budgets_.Erase(name); }

bool ClusterView::IsSparedAlone(const Pod& pod) const {
  return budgets_.FindIf([&](const std::shared_ptr<const DisruptionBudget>& budget) {
    return budget->spares_one && budget->expected_pods <= 1 && budget->ns == pod.name.ns() &&
           Matches(budget->selector, pod.labels);
  }) != nullptr;
}

void ClusterView::Upsert(NodeOverlay overlay) {
  const auto* old = overlays_.Find(overlay.name);
  if (old != nullptr && **old == overlay) return;
  const std::string name = overlay.name;
  overlays_.Set(name, std::make_shared<const NodeOverlay>(std::move(overlay)));
  PriceNodes();
}

void ClusterView::RemoveNodeOverlay(const std::string& name) {
  if (overlays_.Erase(name)) PriceNodes();
}

std::optional<PriceChange> ClusterView::PriceChangeOf(const Labels& labels) const {
  const NodeOverlay* best = nullptr;
  overlays_.ForEach([&](const std::string&, const std::shared_ptr<const NodeOverlay>& overlay) {
    if (best != nullptr && overlay->weight <= best->weight) return;
    const bool holds = std::all_of(overlay->requirements.begin(), overlay->requirements.end(),
                                   [&](const LabelRequirement& r) { return Matches(r, labels); });
    if (holds) best = overlay.get();
  });
  return best == nullptr ? std::nullopt : std::optional<PriceChange>(best->change);
}

void ClusterView::PriceNodes() {
  std::vector<Node> changed;
  nodes_.ForEach([&](const NodeName&, const NodeState& state) {
    if (state.node == nullptr) return;
    auto change = PriceChangeOf(state.node->labels);
    if (change == state.node->price_change) return;
    changed.push_back(*state.node);
  });
  for (Node& node : changed) Upsert(std::move(node));
}

}  // namespace muster
