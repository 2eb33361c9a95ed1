// SPDX-License-Identifier: Apache-2.0
#include "server/extender/connection_server.h"

#include <functional>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "httplib.h"
#include "server/extender/connection.h"
#include "server/extender/connection_threads.h"
#include "server/extender/connections.h"
#include "server/tls/tls_context.h"

namespace muster {
namespace {

constexpr absl::Duration kLinger = absl::Seconds(1);

constexpr int kBacklog = 4096;  // the kernel lowers it to net.core.somaxconn

// A request is handled by the thread of its connection from its first to its
// last byte, and the library hands no connection to handlers.
thread_local Connection* current_connection = nullptr;

struct Address {
  std::string host;
  int port = 0;
};

absl::StatusOr<Address> ReadAddress(const std::string& text) {
  const size_t colon = text.rfind(':');
  Address address;
  if (colon == std::string::npos || !absl::SimpleAtoi(text.substr(colon + 1), &address.port) ||
      address.port < 0 || address.port > 65535) {
    return absl::InvalidArgumentError(absl::StrCat("can't listen on \"", text, "\": want host:port"));
  }
  address.host = text.substr(0, colon);
  if (address.host.size() >= 2 && address.host.front() == '[' && address.host.back() == ']') {
    address.host = address.host.substr(1, address.host.size() - 2);  // [::1]:8080
  }
  if (address.host.empty()) address.host = "0.0.0.0";
  return address;
}

// The library's view of a connection.
class ConnectionStream : public httplib::Stream {
 public:
  ConnectionStream(Connection& connection, absl::Duration patience)
      : connection_(connection), patience_(patience) {}

  bool is_readable() const override { return true; }
  bool is_writable() const override { return !connection_.PeerGone(); }
  ssize_t read(char* to, size_t size) override { return connection_.Read(to, size); }
  ssize_t write(const char* from, size_t size) override {
    if (!connection_.Write(absl::string_view(from, size), patience_)) return -1;
    return static_cast<ssize_t>(size);
  }
  void get_remote_ip_and_port(std::string&, int&) const override {}
  void get_local_ip_and_port(std::string&, int&) const override {}
  socket_t socket() const override { return connection_.socket(); }

 private:
  Connection& connection_;
  const absl::Duration patience_;
};

// Hands the library's accepted sockets to ConnectionThreads.
class Tasks : public httplib::TaskQueue {
 public:
  explicit Tasks(ConnectionThreads::Options options) : threads_(std::move(options)) {}
  void enqueue(std::function<void()> task) override { threads_.Run(std::move(task)); }
  void shutdown() override { threads_.Finish(); }

 private:
  ConnectionThreads threads_;
};

}  // namespace

class ConnectionServer::Running : public httplib::Server {
 public:
  explicit Running(ConnectionOptions options) : options_(std::move(options)) {
    set_tcp_nodelay(true);
    set_payload_max_length(options_.max_body_bytes);
    // Told to clients in the header Keep-Alive.
    set_keep_alive_timeout(absl::ToInt64Seconds(options_.idle));
    set_keep_alive_max_count(1 << 30);
    new_task_queue = [this] {
      return new Tasks({.max_threads = options_.max_connections, .on_full = [this] { open_.CloseIdlest(); }});
    };
    set_post_routing_handler([](const httplib::Request&, httplib::Response& response) {
      // With these the library gives up within a request.
      if (response.status == 400 || response.status == 414 || response.status == 416) {
        current_connection->EndAfterAnswer();
      }
      if (current_connection->ending()) {
        response.headers.erase("Keep-Alive");
        response.headers.erase("Connection");
        response.set_header("Connection", "close");
      }
    });
  }

  absl::Status Start() {
    const absl::StatusOr<Address> address = ReadAddress(options_.address);
    if (!address.ok()) return address.status();
    set_socket_options([](socket_t socket) {
      const int on = 1;
      setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    });
    port_ = address->port == 0                           ? bind_to_any_port(address->host)
            : bind_to_port(address->host, address->port) ? address->port
                                                         : -1;
    // The library has called listen() with its own, much too small backlog;
    // calling it again on the same socket raises that.
    if (port_ <= 0 || ::listen(svr_sock_, kBacklog) != 0) {
      port_ = 0;
      return absl::UnavailableError(absl::StrCat("can't listen for HTTP on ", options_.address));
    }
    accepting_ = std::thread([this] { listen_after_bind(); });
    // Before it runs, stop() has no effect.
    while (!is_running()) absl::SleepFor(absl::Milliseconds(1));
    return absl::OkStatus();
  }

  int port() const { return port_; }

  void Stop(absl::Duration grace) {
    if (!accepting_.joinable()) return;
    open_.CloseAll(grace);
    stop();
    accepting_.join();
  }

 private:
  bool process_and_close_socket(socket_t socket) override {
    Connection connection(socket, options_.tls == nullptr
                                      ? nullptr
                                      : std::make_unique<TlsSession>(options_.tls->Current(), socket));
    open_.Add(connection);
    current_connection = &connection;
    const bool secure = connection.Secure(options_.request);
    while (secure && connection.AwaitRequest(options_.idle) && open_.MarkBusy(connection) &&
           ServeOne(connection)) {
      open_.MarkIdle(connection);
    }
    current_connection = nullptr;
    if (connection.ending()) connection.Linger(kLinger);
    open_.Remove(connection);
    return true;
  }

  // Returns whether the connection can take another request.
  bool ServeOne(Connection& connection) {
    connection.BeginRequest(options_.request);
    ConnectionStream stream(connection, options_.write);
    bool ended = false;
    try {
      const bool answered = process_request(stream, false, ended, [](httplib::Request& request) {
        // The library would compress answers, and a compressor keeps the spaces
        // of a held call to itself.
        request.headers.erase("Accept-Encoding");
      });
      return answered && !ended && !connection.ending();
    } catch (...) {
      return false;  // out of memory, outside of any handler: this connection ends, the others go on
    }
  }

  const ConnectionOptions options_;
  Connections open_;
  int port_ = 0;
  std::thread accepting_;
};

ConnectionServer::ConnectionServer(ConnectionOptions options)
    : running_(std::make_unique<Running>(std::move(options))) {}
ConnectionServer::~ConnectionServer() { Stop(absl::ZeroDuration()); }
httplib::Server& ConnectionServer::routes() { return *running_; }
absl::Status ConnectionServer::Start() { return running_->Start(); }
int ConnectionServer::port() const { return running_->port(); }
void ConnectionServer::Stop(absl::Duration grace) { running_->Stop(grace); }
Connection& ConnectionServer::Current() { return *current_connection; }

}  // namespace muster
