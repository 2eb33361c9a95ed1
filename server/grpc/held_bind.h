// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "server/service.h"

namespace grpc {
class ServerUnaryReactor;
}

namespace muster {

// The reactor of a Bind call: hands the call to `service` and keeps it open,
// without a thread, until it is answered or its caller is gone. Deletes itself.
grpc::ServerUnaryReactor* HoldBind(Service& service, const BindCall& call);

}  // namespace muster
