// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "server/service.h"

namespace grpc {
class Service;
}

namespace muster {

// grpcplugin.Expander, which Cluster Autoscaler calls, over `service`, which
// outlives it. While nothing is decided here the call fails, and Cluster
// Autoscaler goes on with its next expander.
//
// Threads: a call takes one of gRPC's threads for the time of the decision.
std::unique_ptr<grpc::Service> NewExpanderService(Service& service);

}  // namespace muster
