// SPDX-License-Identifier: Apache-2.0
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "muster/v1/placement.grpc.pb.h"
#include "nlohmann/json.hpp"
#include "scheduling/model/cluster_view.h"
#include "server/grpc/convert.h"
#include "server/grpc/grpc_server.h"
#include "test/scenario/subject.h"

namespace muster::test {
namespace {

using Json = nlohmann::json;

class GrpcBinding : public BindingCall {
 public:
  GrpcBinding(v1::Placement::Stub& stub, const BindCall& call) {
    ToProto(call.pod, call.uid, *request_.mutable_pod());
    request_.set_node(call.node.text());
    thread_ = std::thread([this, &stub] {
      v1::BindResponse response;
      const grpc::Status status = stub.Bind(&context_, request_, &response);
      absl::MutexLock lock(&mu_);
      answer_ = status.ok() ? absl::OkStatus() : absl::UnknownError(status.error_message());
    });
  }
  ~GrpcBinding() override {
    context_.TryCancel();
    thread_.join();
  }

  std::optional<absl::Status> Answer() override {
    absl::MutexLock lock(&mu_);
    return answer_;
  }
  void HangUp() override { context_.TryCancel(); }

 private:
  grpc::ClientContext context_;
  v1::BindRequest request_;
  absl::Mutex mu_;
  std::optional<absl::Status> answer_ ABSL_GUARDED_BY(mu_);
  std::thread thread_;
};

class GrpcSubject : public Subject {
 public:
  explicit GrpcSubject(Service& service)
      : server_(
            service, [](absl::Span<const std::string>) { return ClusterView(); }, Options()) {
    if (!server_.Start().ok()) std::abort();
    stub_ = v1::Placement::NewStub(
        grpc::CreateChannel(absl::StrCat("127.0.0.1:", server_.port()), grpc::InsecureChannelCredentials()));
  }

  FilterResult Filter(const Json& pod, const std::vector<std::string>& candidates) override {
    v1::FilterRequest request;
    Describe(pod, request);
    for (const std::string& candidate : candidates) request.add_candidates(candidate);
    grpc::ClientContext context;
    v1::FilterResponse response;
    const grpc::Status status = stub_->Filter(&context, request, &response);
    if (!status.ok()) return {{}, status.error_message()};
    switch (response.answer_case()) {
      case v1::FilterResponse::kOne:
        return {{response.one().node()}, ""};
      case v1::FilterResponse::kRefused:
        return {{}, response.refused().text()};
      default:
        break;
    }
    FilterResult result;
    const auto& except = response.all().except();
    std::copy_if(candidates.begin(), candidates.end(), std::back_inserter(result.nodes),
                 [&](const std::string& name) {
                   return std::find(except.begin(), except.end(), name) == except.end();
                 });
    return result;
  }

  std::unique_ptr<BindingCall> Bind(const BindCall& call) override {
    return std::make_unique<GrpcBinding>(*stub_, call);
  }

  std::vector<std::string> Preempt(const Json& pod, const std::vector<EvictionOption>& options) override {
    v1::PreemptRequest request;
    Describe(pod, request);
    for (const EvictionOption& option : options) ToProto(option, *request.add_options());
    grpc::ClientContext context;
    v1::PreemptResponse response;
    if (!stub_->Preempt(&context, request, &response).ok()) return {"error"};
    std::vector<std::string> nodes;
    for (const auto& option : response.acceptable()) nodes.push_back(option.node());
    return nodes;
  }

 private:
  static GrpcOptions Options() {
    GrpcOptions options;
    options.address = "127.0.0.1:0";
    return options;
  }

  template <typename Request>
  static void Describe(const Json& pod, Request& request) {
    const Json& metadata = pod.at("metadata");
    ToProto(PodName(metadata.at("namespace").get<std::string>(), metadata.at("name").get<std::string>()),
            PodUid(metadata.at("uid").get<std::string>()), *request.mutable_pod());
    request.set_manifest(pod.dump());
  }

  GrpcServer server_;
  std::unique_ptr<v1::Placement::Stub> stub_;
};

}  // namespace

std::unique_ptr<Subject> OverGrpc(Service& service) { return std::make_unique<GrpcSubject>(service); }

}  // namespace muster::test
