// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace httplib {
class Server;
}

namespace muster {

class Connection;
class TlsContext;

struct ConnectionOptions {
  std::string address = "0.0.0.0:0";  // "host:port"; port 0 takes a free one
  size_t max_connections = 8192;
  size_t max_body_bytes = 64 << 20;
  // kube-scheduler's client keeps an idle connection for 90 s and does not try
  // again when the server closes it under a request.
  absl::Duration idle = absl::Seconds(150);
  absl::Duration request = absl::Seconds(30);  // from a request's first byte to its last
  absl::Duration write = absl::Seconds(10);    // for one piece of an answer to be taken
  std::shared_ptr<TlsContext> tls = nullptr;   // null: without TLS
};

// cpp-httplib's parser and writer of HTTP/1.1 over our own connections.
//
// Why:     the library's own connections end after five requests, are asked
//          for by select() (which ends at descriptor 1023), wait for a request
//          in steps of 10 ms, and neither notice a stopping server nor a
//          request that drips in byte by byte.
// Source:  cpp-httplib 0.11.4, as Debian 12 compiles it.
// Threads: Start and Stop from one thread, port from any.
class ConnectionServer {
 public:
  explicit ConnectionServer(ConnectionOptions options);
  ~ConnectionServer();  // as Stop(absl::ZeroDuration())
  ConnectionServer(const ConnectionServer&) = delete;
  ConnectionServer& operator=(const ConnectionServer&) = delete;

  // Where handlers are registered. REQUIRES: not started yet.
  httplib::Server& routes();

  // Listens and serves on threads of its own. kInvalidArgument if the address
  // can't be read, kUnavailable if it can't be listened on.
  // REQUIRES: not started before.
  absl::Status Start();

  // The port that is listened on; 0 before Start().
  int port() const;

  // Listens no more, gives running requests `grace` to be answered, and
  // returns when every connection is closed.
  void Stop(absl::Duration grace);

  // The connection whose request is being handled.
  // REQUIRES: called by a handler.
  static Connection& Current();

 private:
  class Running;
  const std::unique_ptr<Running> running_;
};

}  // namespace muster
