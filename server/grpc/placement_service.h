// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "scheduling/model/cluster_view.h"
#include "server/service.h"

namespace grpc {
class Service;
}

namespace muster {

class GangFeed;
class Worker;

// The cluster in YAML or JSON texts of Kubernetes objects. kInvalidArgument
// names the text and what is wrong with it. Called from any thread.
using ReadManifests = std::function<absl::StatusOr<ClusterView>(absl::Span<const std::string> texts)>;

// What a placement service works with; all of it outlives the service.
struct PlacementParts {
  Service& service;
  GangFeed& feed;    // of `service`
  Worker& planning;  // where dry runs are planned
  const ReadManifests& read_manifests;
};

// muster.v1.Placement over the parts. Translates, and decides nothing.
//
// Threads: no call blocks one of gRPC's threads, however long it is held.
std::unique_ptr<grpc::Service> NewPlacementService(const PlacementParts& parts);

}  // namespace muster
