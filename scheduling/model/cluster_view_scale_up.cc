// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <utility>

#include "scheduling/model/cluster_view.h"

namespace muster {

void ClusterView::Upsert(ProvisioningRequest request) {
  const PodName name(request.ns, request.name);
  provisioning_requests_.Set(name, std::make_shared<const ProvisioningRequest>(std::move(request)));
}

void ClusterView::RemoveProvisioningRequest(const PodName& name) { provisioning_requests_.Erase(name); }

void ClusterView::IndexForScaleUp(const std::shared_ptr<const Pod>& pod, bool comes) {
  const auto index = [&](bool belongs, PersistentMap<PodName, std::shared_ptr<const Pod>>& pods) {
    if (!belongs) return;
    if (comes) {
      pods.Set(pod->name, pod);
    } else {
      pods.Erase(pod->name);
    }
  };
  index(pod->priority < 0 && !pod->membership.has_value() && pod->bound() && !pod->finished(), negative_);
  index(pod->pending() && pod->has_own_gate(), gated_);
}

}  // namespace muster
