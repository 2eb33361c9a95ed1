// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "server/extender/connection_server.h"
#include "server/metrics/metrics.h"
#include "server/service.h"

namespace muster {

struct ExtenderOptions {
  ConnectionOptions connections;

  // How often a held bind call gets a space, which JSON readers skip: the first
  // sign of a caller that is gone. Source: kube-scheduler accepts any white
  // space before the answer.
  absl::Duration heartbeat = absl::Milliseconds(250);

  // A bind call that is answered within this gets a plain answer instead.
  absl::Duration quick_bind = absl::Milliseconds(5);

  // Called before metrics are shown, to bring them up to date.
  std::function<void()> before_scrape = [] {};
};

// The HTTP endpoints:
//
//   POST /v1/filter /v1/prioritize /v1/bind /v1/preempt   kube-scheduler's extender protocol
//   GET  /healthz /health /livez                          200 as long as the process serves
//   GET  /readyz /ready                                   200 once the service is ready, else 503
//   GET  /metrics                                         Prometheus' text format
//   GET  /v1/gangs  /v1/gangs/NAMESPACE/NAME              JSON for people with curl
//
// Calls of the verbs before the service is ready, and while the server stops,
// are answered with an error, and their connection is closed: another replica
// may be the one to ask.
//
// Where callers are asked for their certificate, all of /v1/ answers 403 without.
//
// Threads: Start and Stop from one thread, port from any.
class ExtenderServer {
 public:
  // `service` and `metrics` outlive the server.
  ExtenderServer(Service& service, Metrics& metrics, ExtenderOptions options);
  ~ExtenderServer();  // as Stop(absl::ZeroDuration())
  ExtenderServer(const ExtenderServer&) = delete;
  ExtenderServer& operator=(const ExtenderServer&) = delete;

  // Listens and serves. kInvalidArgument if the address can't be read,
  // kUnavailable if it can't be listened on. REQUIRES: not started before.
  absl::Status Start();

  // The port that is listened on; 0 before Start().
  int port() const;

  // Accepts no more calls, ends held ones with an error, gives those that run
  // `grace` to be answered, and returns when every connection is closed.
  void Stop(absl::Duration grace);

 private:
  class Endpoints;

  const std::unique_ptr<Endpoints> endpoints_;
  ConnectionServer server_;
};

}  // namespace muster
