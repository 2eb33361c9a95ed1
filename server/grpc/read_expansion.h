// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/status/statusor.h"
#include "scheduling/engine/expansion.h"

namespace grpcplugin {
class BestOptionsRequest;
}

namespace muster {

// The options of a call of Cluster Autoscaler, of every wire generation. Where
// an option carries its pods in both ways, the bytes count.
//   kInvalidArgument  names the option, and the pod or node in it whose bytes
//                     can't be read, or which field of it is missing
absl::StatusOr<Expansion> ReadExpansion(const grpcplugin::BestOptionsRequest& request);

}  // namespace muster
