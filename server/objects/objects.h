// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/status/statusor.h"
#include "nlohmann/json_fwd.hpp"
#include "scheduling/model/node.h"
#include "scheduling/model/pod.h"

// Kubernetes objects as JSON values -> the model.
namespace muster {

// The pod in a core/v1 Pod. Its requests are counted as kube-scheduler counts
// them, and its gang is recognised. kInvalidArgument names the field that is
// missing or wrong; unset optional fields and nulls are fine.
absl::StatusOr<Pod> DecodePod(const nlohmann::json& object);

// The node in a core/v1 Node. Errors as DecodePod.
absl::StatusOr<Node> DecodeNode(const nlohmann::json& object);

}  // namespace muster
