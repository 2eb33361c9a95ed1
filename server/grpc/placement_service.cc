// SPDX-License-Identifier: Apache-2.0
#include "server/grpc/placement_service.h"

#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "grpcpp/support/server_callback.h"
#include "muster/v1/placement.grpc.pb.h"
#include "server/grpc/convert.h"
#include "server/grpc/gang_feed.h"
#include "server/grpc/gang_watch.h"
#include "server/grpc/held_bind.h"
#include "server/grpc/requests.h"
#include "server/grpc/status.h"
#include "server/threads/worker.h"

namespace muster {
namespace {

using grpc::CallbackServerContext;
using grpc::ServerUnaryReactor;

// A stream that only says why there is none.
class RefusedWatch : public grpc::ServerWriteReactor<v1::WatchGangsResponse> {
 public:
  explicit RefusedWatch(const absl::Status& status) { Finish(ToGrpc(status)); }
  void OnDone() override { delete this; }
};

class PlacementService : public v1::Placement::CallbackService {
 public:
  explicit PlacementService(const PlacementParts& parts) : parts_(parts), service_(parts.service) {}

  ServerUnaryReactor* Filter(CallbackServerContext* context, const v1::FilterRequest* request,
                             v1::FilterResponse* response) override {
    return Reply(context, WithFilterCall(*request, [this, response](const FilterCall& call) {
                   ToProto(service_.Filter(call), *response);
                 }));
  }

  ServerUnaryReactor* Prioritize(CallbackServerContext* context, const v1::PrioritizeRequest* request,
                                 v1::PrioritizeResponse* response) override {
    return Reply(context, WithFilterCall(*request, [this, response](const FilterCall& call) {
                   const std::vector<int64_t> scores = service_.Prioritize(call);
                   response->mutable_scores()->Add(scores.begin(), scores.end());
                 }));
  }

  ServerUnaryReactor* Bind(CallbackServerContext* context, const v1::BindRequest* request,
                           v1::BindResponse*) override {
    if (absl::Status ready = service_.MayDecide(); !ready.ok()) return Reply(context, ready);
    absl::StatusOr<BindCall> call = ReadBind(*request);
    if (!call.ok()) return Reply(context, call.status());
    return HoldBind(service_, *call);
  }

  ServerUnaryReactor* Preempt(CallbackServerContext* context, const v1::PreemptRequest* request,
                              v1::PreemptResponse* response) override {
    return Reply(context, PreemptNow(*request, *response));
  }

  ServerUnaryReactor* Plan(CallbackServerContext* context, const v1::PlanRequest* request,
                           v1::PlanResponse* response) override {
    ServerUnaryReactor* reactor = context->DefaultReactor();
    const bool taken = parts_.planning.Run([this, context, request, response, reactor] {
      // A caller who has gone while the job waited needs no plan.
      reactor->Finish(context->IsCancelled() ? grpc::Status::CANCELLED
                                             : ToGrpc(PlanNow(*request, *response)));
    });
    if (!taken) {
      reactor->Finish(
          ToGrpc(absl::ResourceExhaustedError("too many dry runs wait already; try again later")));
    }
    return reactor;
  }

  ServerUnaryReactor* Explain(CallbackServerContext* context, const v1::ExplainRequest* request,
                              v1::ExplainResponse* response) override {
    return Reply(context, ExplainNow(*request, *response));
  }

  ServerUnaryReactor* ListGangs(CallbackServerContext* context, const v1::ListGangsRequest*,
                                v1::ListGangsResponse* response) override {
    if (absl::Status ready = service_.MayDecide(); !ready.ok()) return Reply(context, ready);
    for (const GangReport& report : service_.ListGangs()) ToProto(report, *response->add_gangs());
    return Reply(context, absl::OkStatus());
  }

  grpc::ServerWriteReactor<v1::WatchGangsResponse>* WatchGangs(CallbackServerContext*,
                                                               const v1::WatchGangsRequest*) override {
    if (absl::Status ready = service_.MayDecide(); !ready.ok()) return new RefusedWatch(ready);
    return muster::WatchGangs(parts_.feed);
  }

 private:
  static ServerUnaryReactor* Reply(CallbackServerContext* context, const absl::Status& status) {
    ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish(ToGrpc(status));
    return reactor;
  }

  // Calls use(call) with the call in a filter or prioritize request.
  template <typename Request, typename Use>
  absl::Status WithFilterCall(const Request& request, Use use) const {
    if (absl::Status ready = service_.MayDecide(); !ready.ok()) return ready;
    absl::StatusOr<Pod> pod = ReadPod(request.pod(), request.manifest());
    if (!pod.ok()) return pod.status();
    absl::StatusOr<std::vector<absl::string_view>> candidates = ReadCandidates(request.candidates());
    if (!candidates.ok()) return candidates.status();
    use(FilterCall{*pod, *candidates});
    return absl::OkStatus();
  }

  absl::Status PreemptNow(const v1::PreemptRequest& request, v1::PreemptResponse& response) {
    if (absl::Status ready = service_.MayDecide(); !ready.ok()) return ready;
    absl::StatusOr<Pod> pod = ReadPod(request.pod(), request.manifest());
    if (!pod.ok()) return pod.status();
    absl::StatusOr<std::vector<EvictionOption>> options = ReadOptions(request.options());
    if (!options.ok()) return options.status();
    for (const EvictionOption& option : service_.Preempt({*pod, *std::move(options)})) {
      ToProto(option, *response.add_acceptable());
    }
    return absl::OkStatus();
  }

  absl::Status PlanNow(const v1::PlanRequest& request, v1::PlanResponse& response) {
    std::vector<GangReport> reports;
    if (request.manifests().empty()) {
      if (absl::Status ready = service_.MayDecide(); !ready.ok()) return ready;
      reports = service_.Plan(nullptr);
    } else {
      const std::vector<std::string> texts(request.manifests().begin(), request.manifests().end());
      absl::StatusOr<ClusterView> view = parts_.read_manifests(texts);
      if (!view.ok()) return view.status();
      reports = service_.Plan(&*view);
    }
    for (const GangReport& report : reports) ToProto(report, *response.add_gangs());
    return absl::OkStatus();
  }

  absl::Status ExplainNow(const v1::ExplainRequest& request, v1::ExplainResponse& response) {
    if (absl::Status ready = service_.MayDecide(); !ready.ok()) return ready;
    absl::StatusOr<GangId> gang = Subject(request);
    if (!gang.ok()) return gang.status();
    absl::StatusOr<GangReport> report = service_.Explain(*gang);
    if (!report.ok()) return report.status();
    ToProto(*report, *response.mutable_gang());
    return absl::OkStatus();
  }

  absl::StatusOr<GangId> Subject(const v1::ExplainRequest& request) {
    switch (request.subject_case()) {
      case v1::ExplainRequest::kGang:
        return ReadGangId(request.gang());
      case v1::ExplainRequest::kPod: {
        absl::StatusOr<PodName> pod = ReadPodName(request.pod());
        if (!pod.ok()) return pod.status();
        return service_.GangOf(*pod);
      }
      default:
        return absl::InvalidArgumentError("subject is unset, gang or pod is needed");
    }
  }

  const PlacementParts parts_;
  muster::Service& service_;  // the generated base has a Service of its own
};

}  // namespace

std::unique_ptr<grpc::Service> NewPlacementService(const PlacementParts& parts) {
  return std::make_unique<PlacementService>(parts);
}

}  // namespace muster
