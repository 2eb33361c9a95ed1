// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include "nlohmann/json_fwd.hpp"
#include "scheduling/model/scale_up_orders.h"

// ProvisioningRequests and their PodTemplates, as Kubernetes objects.
namespace muster::kube {

// The PodTemplate of one set of the order, made of `pod`, a core/v1 Pod: its
// spec without what ties it to a node, with the affinity of the set.
nlohmann::json PodTemplateOf(const ProvisioningOrder& order, size_t set, const nlohmann::json& pod);

// The request, which names the templates of all sets. It and its templates
// belong to the controller of `pod`, or to `pod` where it has none, and go with
// that.
//
// Source: autoscaling.x-k8s.io/v1 of Cluster Autoscaler.
nlohmann::json RequestOf(const ProvisioningOrder& order, const nlohmann::json& pod);

// A required node affinity of these terms: its nodeSelectorTerms.
nlohmann::json TermsJson(const std::vector<NodeSelectorTerm>& terms);

}  // namespace muster::kube
