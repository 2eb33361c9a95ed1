// SPDX-License-Identifier: Apache-2.0
#include "server/grpc/expander_service.h"

#include "autoscaler/expander.grpc.pb.h"
#include "server/grpc/read_expansion.h"
#include "server/grpc/status.h"

namespace muster {
namespace {

class ExpanderService : public grpcplugin::Expander::Service {
 public:
  explicit ExpanderService(muster::Service& service) : service_(service) {}

  grpc::Status BestOptions(grpc::ServerContext*, const grpcplugin::BestOptionsRequest* request,
                           grpcplugin::BestOptionsResponse* response) override {
    if (absl::Status ready = service_.MayDecide(); !ready.ok()) return ToGrpc(ready);
    const absl::StatusOr<Expansion> expansion = ReadExpansion(*request);
    if (!expansion.ok()) return ToGrpc(expansion.status());
    for (const size_t o : service_.Expand(*expansion).options) {
      response->add_options()->set_nodegroupid(expansion->options[o].id);
    }
    return grpc::Status::OK;
  }

 private:
  muster::Service& service_;
};

}  // namespace

std::unique_ptr<grpc::Service> NewExpanderService(Service& service) {
  return std::make_unique<ExpanderService>(service);
}

}  // namespace muster
