// SPDX-License-Identifier: Apache-2.0
#include "server/grpc/grpc_server.h"

#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "grpcpp/ext/proto_server_reflection_plugin.h"
#include "grpcpp/health_check_service_interface.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/security/tls_certificate_provider.h"
#include "grpcpp/security/tls_credentials_options.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"
#include "muster/v1/placement.grpc.pb.h"
#include "server/grpc/expander_service.h"
#include "server/grpc/gang_feed.h"
#include "server/threads/worker.h"

namespace muster {
namespace {

// Each holds a request of up to max_message_bytes.
constexpr size_t kMostWaitingPlans = 4;

// gRPC keeps both as settings of the whole process, to be made before the
// first server is built.
void EnableHealthAndReflection() {
  static const bool once = [] {
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    return true;
  }();
  static_cast<void>(once);
}

void SetConnectionArguments(grpc::ServerBuilder& builder) {
  // gRPC would share the port with another process that does the same, and each
  // would get some of the calls.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  // A machine that vanishes closes no connection. Its held calls must not count
  // at the barrier for longer than this.
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 2000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 2000);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  // Callers that hold calls for minutes do well to ping; the default of five
  // minutes would close their connections for it.
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 1000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
}

std::shared_ptr<grpc::ServerCredentials> Credentials(const TlsFiles& tls) {
  if (!tls.enabled()) return grpc::InsecureServerCredentials();
  namespace exp = grpc::experimental;
  const unsigned int seconds = 1;  // between two looks at the files
  const auto files = tls.client_ca.empty() ? std::make_shared<exp::FileWatcherCertificateProvider>(
                                                 tls.key, tls.certificate, seconds)
                                           : std::make_shared<exp::FileWatcherCertificateProvider>(
                                                 tls.key, tls.certificate, tls.client_ca, seconds);
  exp::TlsServerCredentialsOptions options(files);
  options.watch_identity_key_cert_pairs();
  if (!tls.client_ca.empty()) {
    options.watch_root_certs();
    options.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  }
  return exp::TlsServerCredentials(options);
}

}  // namespace

// Everything that exists from Start to Stop.
class GrpcServer::Running {
 public:
  Running(Service& service, const ReadManifests& read_manifests, const GrpcOptions& options)
      : service_(service),
        poll_interval_(options.poll_interval),
        feed_(service),
        placement_(NewPlacementService({service, feed_, planning_, read_manifests})),
        expander_(NewExpanderService(service)) {
    EnableHealthAndReflection();
    grpc::ServerBuilder builder;
    SetConnectionArguments(builder);
    builder.SetMaxReceiveMessageSize(options.max_message_bytes);
    builder.AddListeningPort(options.address, Credentials(options.tls), &port_);
    builder.RegisterService(placement_.get());
    builder.RegisterService(expander_.get());
    server_ = builder.BuildAndStart();
    if (server_ == nullptr) return;
    ShowHealth();
    poller_ = std::thread([this] { Poll(); });
  }

  bool ok() const { return server_ != nullptr; }
  int port() const { return port_; }

  // REQUIRES: ok().
  void Stop(absl::Duration grace) {
    stopping_.Notify();
    poller_.join();
    server_->GetHealthCheckService()->Shutdown();
    server_->Shutdown(absl::ToChronoTime(absl::Now() + grace));
    server_->Wait();
  }

 private:
  void Poll() {
    while (!stopping_.WaitForNotificationWithTimeout(poll_interval_)) {
      ShowHealth();
      feed_.Poll();
    }
  }

  void ShowHealth() {
    const bool ready = service_.MayDecide().ok();
    grpc::HealthCheckServiceInterface& health = *server_->GetHealthCheckService();
    health.SetServingStatus(v1::Placement::service_full_name(), ready);
    health.SetServingStatus(ready);
  }

  Service& service_;
  const absl::Duration poll_interval_;
  // In this order: calls use the feed and the worker, so these end last.
  GangFeed feed_;
  Worker planning_{kMostWaitingPlans};
  const std::unique_ptr<grpc::Service> placement_;
  const std::unique_ptr<grpc::Service> expander_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
  absl::Notification stopping_;
  std::thread poller_;
};

GrpcServer::GrpcServer(Service& service, ReadManifests read_manifests, GrpcOptions options)
    : service_(service), read_manifests_(std::move(read_manifests)), options_(std::move(options)) {}

GrpcServer::~GrpcServer() { Stop(absl::ZeroDuration()); }

absl::Status GrpcServer::Start() {
  auto running = std::make_unique<Running>(service_, read_manifests_, options_);
  if (!running->ok()) {
    return absl::UnavailableError(absl::StrCat("can't listen for gRPC on ", options_.address));
  }
  running_ = std::move(running);
  return absl::OkStatus();
}

int GrpcServer::port() const { return running_ == nullptr ? 0 : running_->port(); }

void GrpcServer::Stop(absl::Duration grace) {
  if (running_ == nullptr) return;
  running_->Stop(grace);
  running_.reset();
}

}  // namespace muster
