// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/status/status.h"

namespace grpc {
class Status;
}

namespace muster {

// Both kinds of status have the same codes; code and message stay as they are.
grpc::Status ToGrpc(const absl::Status& status);
absl::Status FromGrpc(const grpc::Status& status);

}  // namespace muster
