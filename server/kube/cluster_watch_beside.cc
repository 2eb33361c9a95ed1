// SPDX-License-Identifier: Apache-2.0
// The objects beside nodes and pods that say something of them.
#include <set>
#include <string>
#include <utility>

#include "nlohmann/json.hpp"
#include "server/kube/cluster_watch.h"
#include "server/kube/follow.h"
#include "server/objects/objects.h"

namespace muster::kube {
namespace {

using Json = nlohmann::json;

}  // namespace

void ClusterWatch::WatchProvisioningRequests() {
  Follow<std::set<PodName>>(
      {{"/apis/autoscaling.x-k8s.io/v1/provisioningrequests"}, true},
      [this](bool deleted, const Json& object, std::set<PodName>& names) {
        if (auto name = ApplyProvisioningRequest(deleted, object)) names.insert(*std::move(name));
      },
      [this](const std::set<PodName>& names) {
        const ClusterView before = view_;
        RemoveUnlisted(before.provisioning_requests(), names,
                       [&](const PodName& name) { view_.RemoveProvisioningRequest(name); });
      });
  provisioning_requests_ = reflectors_.back().get();
}

void ClusterWatch::WatchBudgets() {
  Follow<std::set<PodName>>(
      {{"/apis/policy/v1/poddisruptionbudgets"}, true},
      [this](bool deleted, const Json& object, std::set<PodName>& names) {
        if (auto name = ApplyBudget(deleted, object)) names.insert(*std::move(name));
      },
      [this](const std::set<PodName>& names) {
        const ClusterView before = view_;
        RemoveUnlisted(before.budgets(), names,
                       [&](const PodName& name) { view_.RemoveDisruptionBudget(name); });
      });
}

void ClusterWatch::WatchOverlays() {
  Follow<std::set<std::string>>(
      {{"/apis/karpenter.sh/v1alpha1/nodeoverlays"}, true},
      [this](bool deleted, const Json& object, std::set<std::string>& names) {
        if (auto name = ApplyOverlay(deleted, object)) names.insert(*std::move(name));
      },
      [this](const std::set<std::string>& names) {
        const ClusterView before = view_;
        RemoveUnlisted(before.overlays(), names,
                       [&](const std::string& name) { view_.RemoveNodeOverlay(name); });
      });
  overlays_ = reflectors_.back().get();
}

std::optional<PodName> ClusterWatch::ApplyBudget(bool deleted, const Json& object) {
  absl::StatusOr<DisruptionBudget> budget = DecodeDisruptionBudget(object);
  if (!budget.ok()) return Undecodable(object, budget.status()), std::nullopt;
  const PodName name(budget->ns, budget->name);
  if (deleted) {
    view_.RemoveDisruptionBudget(name);
  } else {
    view_.Upsert(*std::move(budget));
  }
  return name;
}

std::optional<std::string> ClusterWatch::ApplyOverlay(bool deleted, const Json& object) {
  absl::StatusOr<NodeOverlay> overlay = DecodeNodeOverlay(object);
  if (!overlay.ok()) return Undecodable(object, overlay.status()), std::nullopt;
  std::string name = overlay->name;
  if (deleted) {
    view_.RemoveNodeOverlay(name);
  } else {
    view_.Upsert(*std::move(overlay));
  }
  return name;
}

std::optional<PodName> ClusterWatch::ApplyProvisioningRequest(bool deleted, const Json& object) {
  auto request = DecodeProvisioningRequest(object);
  if (!request.ok()) return Undecodable(object, request.status()), std::nullopt;
  if (!request->has_value()) return std::nullopt;
  const PodName name((*request)->ns, (*request)->name);
  if (deleted) {
    view_.RemoveProvisioningRequest(name);
  } else {
    view_.Upsert(**std::move(request));
  }
  return name;
}

}  // namespace muster::kube
