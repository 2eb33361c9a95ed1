// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "absl/status/statusor.h"
#include "nlohmann/json_fwd.hpp"
#include "scheduling/model/device.h"
#include "scheduling/model/device_claim.h"
#include "scheduling/model/disruption_budget.h"
#include "scheduling/model/gang.h"
#include "scheduling/model/namespace.h"
#include "scheduling/model/node.h"
#include "scheduling/model/node_overlay.h"
#include "scheduling/model/pod.h"
#include "scheduling/model/scale_up.h"
#include "server/objects/api_object.h"

// Kubernetes objects -> the model.
namespace muster {

// The pod in a core/v1 Pod. Its requests are counted as kube-scheduler counts
// them, and its gang is recognised. kInvalidArgument names the field that is
// missing or wrong; unset optional fields and nulls are fine. What is wrong in
// the requests or in the constraints on nodes is no error but said by
// shape.unmodelled: the pod counts where it is bound, for the whole node if its
// requests can't be read.
absl::StatusOr<Pod> DecodePod(const ApiObject& object);

// What is left of a pod that DecodePod refuses: its identity, its node and its
// phase. Where it is bound it takes the whole node. nullopt without a name.
std::optional<Pod> DecodePodAsUnknown(const ApiObject& object);

// Reads the templates in `object` of those parts of `declaration`, which was
// decoded from it, that are created later. What can't be read stays unknown.
void ReadTemplates(const nlohmann::json& object, GangDeclaration& declaration);

// What an object of any kind is called, and its controller if it has one.
struct OwnedObject {
  GangId name;
  std::optional<Owner> owner;
};

// nullopt where its metadata can't be read.
std::optional<OwnedObject> DecodeOwned(const nlohmann::json& object);

// The node in a core/v1 Node. Errors as DecodePod.
absl::StatusOr<Node> DecodeNode(const ApiObject& object);

// The namespace in a core/v1 Namespace. Errors as DecodePod.
absl::StatusOr<Namespace> DecodeNamespace(const ApiObject& object);

// The budget in a policy/v1 PodDisruptionBudget. Errors as DecodePod.
absl::StatusOr<DisruptionBudget> DecodeDisruptionBudget(const nlohmann::json& object);

// The overlay in a NodeOverlay of karpenter.sh/v1alpha1. Errors as DecodePod.
absl::StatusOr<NodeOverlay> DecodeNodeOverlay(const nlohmann::json& object);

// The slice, class, claim or template in a ResourceSlice, DeviceClass,
// ResourceClaim or ResourceClaimTemplate of resource.k8s.io/v1. Errors as
// DecodePod. What a selector says that is not understood is no error.
absl::StatusOr<DeviceSlice> DecodeDeviceSlice(const nlohmann::json& object);
absl::StatusOr<DeviceClass> DecodeDeviceClass(const nlohmann::json& object);
absl::StatusOr<DeviceClaim> DecodeDeviceClaim(const nlohmann::json& object);
absl::StatusOr<ClaimTemplate> DecodeClaimTemplate(const nlohmann::json& object);

// The request in a ProvisioningRequest of autoscaling.x-k8s.io/v1 that Muster
// made; nullopt of others. Errors as DecodePod.
absl::StatusOr<std::optional<ProvisioningRequest>> DecodeProvisioningRequest(const nlohmann::json& object);

}  // namespace muster
