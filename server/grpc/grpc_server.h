// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "server/grpc/placement_service.h"
#include "server/service.h"
#include "server/tls/tls_files.h"

namespace muster {

struct GrpcOptions {
  // Where to listen, as "host:port"; port 0 takes a free one.
  std::string address = "0.0.0.0:0";

  // The largest request that is read. Larger ones end with RESOURCE_EXHAUSTED.
  // The manifests of 5,000 nodes with their pods are about 200 MB of YAML, the
  // names of 15,000 nodes half a MB.
  int max_message_bytes = 256 << 20;

  // How often readiness and the gangs' revision are looked at: a watch and the
  // health service are at most this late.
  absl::Duration poll_interval = absl::Milliseconds(50);

  TlsFiles tls = {};  // followed when they are replaced
};

// Serves muster.v1.Placement, grpcplugin.Expander, grpc.health.v1 and reflection.
//
// Health is SERVING exactly while the service is ready, for the server as a
// whole and for muster.v1.Placement.
//
// Threads: Start and Stop from one thread, port from any.
class GrpcServer {
 public:
  // `service` outlives the server.
  GrpcServer(Service& service, ReadManifests read_manifests, GrpcOptions options);
  ~GrpcServer();  // as Stop(absl::ZeroDuration())
  GrpcServer(const GrpcServer&) = delete;
  GrpcServer& operator=(const GrpcServer&) = delete;

  // Listens and serves. kUnavailable if the address cannot be listened on.
  // REQUIRES: not started before.
  absl::Status Start();

  // The port that is listened on; 0 before Start().
  int port() const;

  // Accepts no more calls, gives the running ones `grace` to end, then cancels
  // them, held ones and watches too. Returns when all are gone.
  void Stop(absl::Duration grace);

 private:
  class Running;

  Service& service_;
  const ReadManifests read_manifests_;
  const GrpcOptions options_;
  std::unique_ptr<Running> running_;
};

}  // namespace muster
