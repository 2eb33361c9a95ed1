// SPDX-License-Identifier: Apache-2.0
#include "server/grpc/held_bind.h"

#include <atomic>
#include <memory>
#include <utility>

#include "grpcpp/support/server_callback.h"
#include "server/grpc/status.h"

namespace muster {
namespace {

// The service's end of the call. It may outlive the call, whose caller can go
// away at any time.
class HeldBind : public HeldCall {
 public:
  explicit HeldBind(grpc::ServerUnaryReactor* reactor) : reactor_(reactor) {}

  bool Alive() const override { return reactor_.load() != nullptr; }
  void Answer(const absl::Status& status) override { End(ToGrpc(status)); }

  // Ends the call unless it has ended. The exchange makes sure that only one
  // of answer and cancellation does.
  void End(const grpc::Status& status) {
    if (grpc::ServerUnaryReactor* reactor = reactor_.exchange(nullptr)) reactor->Finish(status);
  }

 private:
  std::atomic<grpc::ServerUnaryReactor*> reactor_;  // null once the call has ended
};

// gRPC's end of the call.
class BindReactor : public grpc::ServerUnaryReactor {
 public:
  BindReactor() : held_(std::make_shared<HeldBind>(this)) {}

  const std::shared_ptr<HeldBind>& held() const { return held_; }

  void OnCancel() override { held_->End(grpc::Status::CANCELLED); }
  void OnDone() override { delete this; }

 private:
  const std::shared_ptr<HeldBind> held_;
};

}  // namespace

grpc::ServerUnaryReactor* HoldBind(Service& service, const BindCall& call) {
  auto* reactor = new BindReactor();
  service.Bind(call, reactor->held());
  return reactor;
}

}  // namespace muster
