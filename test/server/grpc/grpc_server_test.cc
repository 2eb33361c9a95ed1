// SPDX-License-Identifier: Apache-2.0
#include "server/grpc/grpc_server.h"

#include <atomic>
#include <chrono>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/security/credentials.h"
#include "gtest/gtest.h"
#include "muster/v1/placement.grpc.pb.h"
#include "server/grpc/convert.h"
#include "test/server/grpc/scripted_service.h"

namespace muster {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// A server on a free port before a scripted service, and a client of it.
class GrpcServerTest : public testing::Test {
 protected:
  void Start(GrpcOptions options = {}) {
    options.address = "127.0.0.1:0";
    options.poll_interval = absl::Milliseconds(2);
    server_ = std::make_unique<GrpcServer>(
        service_, [this](absl::Span<const std::string> texts) { return read_manifests_(texts); }, options);
    const absl::Status started = server_->Start();
    ASSERT_TRUE(started.ok()) << started;
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(-1);
    channel_ = grpc::CreateCustomChannel(absl::StrCat("127.0.0.1:", server_->port()),
                                         grpc::InsecureChannelCredentials(), arguments);
    stub_ = v1::Placement::NewStub(channel_);
  }

  static void SetPod(v1::PodRef& pod) { ToProto(PodName("default", "train-0"), PodUid("u0"), pod); }

  static v1::BindRequest BindRequest() {
    v1::BindRequest request;
    SetPod(*request.mutable_pod());
    request.set_node("node-a");
    return request;
  }

  // A bind call that runs on a thread of its own.
  std::future<grpc::Status> BindAsync(grpc::ClientContext& context) {
    return std::async(std::launch::async, [this, &context] {
      v1::BindResponse response;
      return stub_->Bind(&context, BindRequest(), &response);
    });
  }

  // Sends bytes to a method whose messages are not ours, and returns the bytes
  // of the first answer.
  std::string CallRaw(const std::string& method, const std::string& request) {
    grpc::GenericStub stub(channel_);
    grpc::ClientContext context;
    grpc::CompletionQueue queue;
    const auto next = [&queue] {
      void* tag = nullptr;
      bool ok = false;
      return queue.Next(&tag, &ok) && ok;
    };
    auto call = stub.PrepareCall(&context, method, &queue);
    call->StartCall(nullptr);
    EXPECT_TRUE(next());
    const grpc::Slice slice(request);
    call->Write(grpc::ByteBuffer(&slice, 1), nullptr);
    EXPECT_TRUE(next());
    grpc::ByteBuffer answer;
    call->Read(&answer, nullptr);
    EXPECT_TRUE(next());
    context.TryCancel();
    grpc::Status status;
    call->Finish(&status, nullptr);
    next();
    grpc::Slice flat;
    EXPECT_TRUE(answer.DumpToSingleSlice(&flat).ok());
    return std::string(reinterpret_cast<const char*>(flat.begin()), flat.size());
  }

  ScriptedService service_;
  ReadManifests read_manifests_ = [](absl::Span<const std::string>) { return ClusterView(); };
  std::unique_ptr<GrpcServer> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::Placement::Stub> stub_;
};

TEST_F(GrpcServerTest, FilterHandsThePodAndItsCandidatesOver) {
  PodName pod;
  PodUid uid;
  std::vector<std::string> candidates;
  service_.filter = [&](const FilterCall& call) {
    pod = call.pod.name;
    uid = call.pod.uid;
    for (const absl::string_view name : call.candidates) candidates.emplace_back(name);
    return PassAll{{call.candidates[1]}};
  };
  Start();
  v1::FilterRequest request;
  SetPod(*request.mutable_pod());
  request.add_candidates("node-a");
  request.add_candidates("node-b");
  v1::FilterResponse response;
  grpc::ClientContext context;
  ASSERT_TRUE(stub_->Filter(&context, request, &response).ok());
  EXPECT_EQ(pod.text(), "default/train-0");
  EXPECT_EQ(uid.text(), "u0");
  EXPECT_THAT(candidates, ElementsAre("node-a", "node-b"));
  EXPECT_THAT(response.all().except(), ElementsAre("node-b"));
}

TEST_F(GrpcServerTest, FilterReadsThePodFromItsManifest) {
  std::string node_selector;
  service_.filter = [&](const FilterCall& call) {
    node_selector = call.pod.shape.node_selector.at("zone");
    return PassOne{NodeName("node-a")};
  };
  Start();
  v1::FilterRequest request;
  SetPod(*request.mutable_pod());
  request.set_manifest(R"({"metadata": {"namespace": "default", "name": "train-0", "uid": "u0"},
                           "spec": {"nodeSelector": {"zone": "z1"}, "containers": [{"name": "main"}]}})");
  v1::FilterResponse response;
  grpc::ClientContext context;
  const grpc::Status status = stub_->Filter(&context, request, &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(node_selector, "z1");
  EXPECT_EQ(response.one().node(), "node-a");
}

TEST_F(GrpcServerTest, PrioritizeAnswersOneScorePerCandidateInOrder) {
  service_.prioritize = [](const FilterCall& call) {
    std::vector<int64_t> scores;
    for (size_t i = 0; i < call.candidates.size(); ++i) scores.push_back(static_cast<int64_t>(i % 11));
    return scores;
  };
  Start();
  v1::PrioritizeRequest request;
  SetPod(*request.mutable_pod());
  for (int i = 0; i < 15000; ++i) request.add_candidates(absl::StrCat("node-", i));
  v1::PrioritizeResponse response;
  grpc::ClientContext context;
  ASSERT_TRUE(stub_->Prioritize(&context, request, &response).ok());
  ASSERT_EQ(response.scores_size(), 15000);
  EXPECT_EQ(response.scores(10), 10);
  EXPECT_EQ(response.scores(11), 0);
}

TEST_F(GrpcServerTest, PreemptAnswersTheAcceptableOptionsUnchanged) {
  service_.preempt = [](const PreemptCall& call) { return std::vector<EvictionOption>{call.options[1]}; };
  Start();
  v1::PreemptRequest request;
  SetPod(*request.mutable_pod());
  request.add_options()->set_node("node-a");
  ToProto(EvictionOption{NodeName("node-b"), {PodUid("v1")}, 2}, *request.add_options());
  v1::PreemptResponse response;
  grpc::ClientContext context;
  ASSERT_TRUE(stub_->Preempt(&context, request, &response).ok());
  ASSERT_EQ(response.acceptable_size(), 1);
  EXPECT_EQ(response.acceptable(0).SerializeAsString(), request.options(1).SerializeAsString());
}

TEST_F(GrpcServerTest, AHeldBindIsAnsweredLaterFromAnotherThread) {
  Start();
  grpc::ClientContext context;
  std::future<grpc::Status> answer = BindAsync(context);
  auto [call, held] = service_.Kept(0);
  EXPECT_EQ(call.pod.text(), "default/train-0");
  EXPECT_EQ(call.uid.text(), "u0");
  EXPECT_EQ(call.node.text(), "node-a");
  EXPECT_TRUE(held->Alive());
  std::thread([&held = held] { held->Answer(absl::OkStatus()); }).join();
  EXPECT_TRUE(answer.get().ok());
  EXPECT_FALSE(held->Alive());
}

TEST_F(GrpcServerTest, EveryStatusOfABindArrivesWithItsCodeAndMessage) {
  std::atomic<absl::StatusCode> code = absl::StatusCode::kOk;
  service_.bind = [&code](const BindCall&, const std::shared_ptr<HeldCall>& held) {
    held->Answer(absl::Status(code, "because"));
  };
  Start();
  for (int value = 1; value <= 16; ++value) {
    code = static_cast<absl::StatusCode>(value);
    grpc::ClientContext context;
    v1::BindResponse response;
    const grpc::Status status = stub_->Bind(&context, BindRequest(), &response);
    EXPECT_EQ(static_cast<int>(status.error_code()), value);
    EXPECT_EQ(status.error_message(), "because");
  }
}

TEST_F(GrpcServerTest, ABindWhoseCallerCancelsIsNoLongerAliveAndMayStillBeAnswered) {
  Start();
  grpc::ClientContext context;
  std::future<grpc::Status> answer = BindAsync(context);
  auto [call, held] = service_.Kept(0);
  context.TryCancel();
  EXPECT_EQ(answer.get().error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_TRUE(Eventually([&held = held] { return !held->Alive(); }));
  held->Answer(absl::OkStatus());
}

TEST_F(GrpcServerTest, ABindWhoseDeadlineExpiresIsNoLongerAlive) {
  Start();
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(200));
  std::future<grpc::Status> answer = BindAsync(context);
  auto [call, held] = service_.Kept(0);
  EXPECT_EQ(answer.get().error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_TRUE(Eventually([&held = held] { return !held->Alive(); }));
}

TEST_F(GrpcServerTest, ManyHeldBindsDoNotKeepFilterFromAnswering) {
  Start();
  constexpr size_t kHeld = 500;
  std::vector<std::unique_ptr<grpc::ClientContext>> contexts;
  std::vector<v1::BindResponse> responses(kHeld);
  const v1::BindRequest bind = BindRequest();
  std::atomic<size_t> bound{0};
  for (size_t i = 0; i < kHeld; ++i) {
    contexts.push_back(std::make_unique<grpc::ClientContext>());
    stub_->async()->Bind(contexts.back().get(), &bind, &responses[i], [&bound](const grpc::Status& status) {
      if (status.ok()) ++bound;
    });
  }
  service_.Kept(kHeld - 1);
  v1::FilterRequest request;
  SetPod(*request.mutable_pod());
  v1::FilterResponse response;
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
  EXPECT_TRUE(stub_->Filter(&context, request, &response).ok());
  for (size_t i = 0; i < kHeld; ++i) service_.Kept(i).second->Answer(absl::OkStatus());
  EXPECT_TRUE(Eventually([&bound] { return bound == kHeld; }));
}

TEST_F(GrpcServerTest, APlanOfManifestsIsMadeOfTheViewInThem) {
  std::vector<std::string> texts;
  read_manifests_ = [&texts](absl::Span<const std::string> read) {
    texts.assign(read.begin(), read.end());
    ClusterView view;
    Node node;
    node.name = NodeName("node-a");
    view.Upsert(std::move(node));
    return view;
  };
  service_.plan = [](const ClusterView* view) {
    return std::vector<GangReport>{
        PlacedReport("train", {view != nullptr && view->FindNode(NodeName("node-a")) ? "node-a" : "none"})};
  };
  Start();
  v1::PlanRequest request;
  request.add_manifests("kind: Node");
  request.add_manifests("kind: Pod");
  v1::PlanResponse response;
  grpc::ClientContext context;
  ASSERT_TRUE(stub_->Plan(&context, request, &response).ok());
  EXPECT_THAT(texts, ElementsAre("kind: Node", "kind: Pod"));
  ASSERT_EQ(response.gangs_size(), 1);
  EXPECT_EQ(*FromProto(response.gangs(0)), PlacedReport("train", {"node-a"}));
}

TEST_F(GrpcServerTest, APlanWithoutManifestsIsMadeOfTheLiveCluster) {
  bool live = false;
  service_.plan = [&live](const ClusterView* view) {
    live = view == nullptr;
    return std::vector<GangReport>();
  };
  Start();
  v1::PlanResponse response;
  grpc::ClientContext context;
  ASSERT_TRUE(stub_->Plan(&context, {}, &response).ok());
  EXPECT_TRUE(live);
}

TEST_F(GrpcServerTest, ALongPlanDoesNotKeepFilterFromAnswering) {
  absl::Notification planning;
  absl::Notification filtered;
  service_.plan = [&](const ClusterView*) {
    planning.Notify();
    filtered.WaitForNotification();
    return std::vector<GangReport>();
  };
  Start();
  std::future<grpc::Status> planned = std::async(std::launch::async, [this] {
    v1::PlanResponse response;
    grpc::ClientContext context;
    return stub_->Plan(&context, {}, &response);
  });
  planning.WaitForNotification();
  // More calls than gRPC has threads to run them on.
  for (int i = 0; i < 32; ++i) {
    v1::FilterRequest request;
    SetPod(*request.mutable_pod());
    v1::FilterResponse response;
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    EXPECT_TRUE(stub_->Filter(&context, request, &response).ok());
  }
  filtered.Notify();
  EXPECT_TRUE(planned.get().ok());
}

TEST_F(GrpcServerTest, ExplainFindsAGangByItsNameAndByItsPods) {
  service_.SetGangs({PlacedReport("train", {"node-a"}), RefusedReport("wide")});
  Start();
  v1::ExplainRequest by_gang;
  ToProto(GangId("default", "wide"), *by_gang.mutable_gang());
  v1::ExplainRequest by_pod;
  ToProto(PodName("default", "train-0"), PodUid(), *by_pod.mutable_pod());
  for (const auto& [request, expected] :
       {std::pair{by_gang, RefusedReport("wide")}, std::pair{by_pod, PlacedReport("train", {"node-a"})}}) {
    v1::ExplainResponse response;
    grpc::ClientContext context;
    ASSERT_TRUE(stub_->Explain(&context, request, &response).ok());
    EXPECT_EQ(*FromProto(response.gang()), expected);
  }
}

TEST_F(GrpcServerTest, ExplainOfWhatDoesNotExistIsNotFound) {
  Start();
  v1::ExplainRequest by_gang;
  ToProto(GangId("default", "none"), *by_gang.mutable_gang());
  v1::ExplainRequest by_pod;
  ToProto(PodName("default", "none"), PodUid(), *by_pod.mutable_pod());
  for (const v1::ExplainRequest& request : {by_gang, by_pod}) {
    v1::ExplainResponse response;
    grpc::ClientContext context;
    const grpc::Status status = stub_->Explain(&context, request, &response);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
    EXPECT_THAT(status.error_message(), HasSubstr("default/none"));
  }
}

TEST_F(GrpcServerTest, ListGangsAnswersAllReports) {
  service_.SetGangs({PlacedReport("train", {"node-a"}), RefusedReport("wide")});
  Start();
  v1::ListGangsResponse response;
  grpc::ClientContext context;
  ASSERT_TRUE(stub_->ListGangs(&context, {}, &response).ok());
  ASSERT_EQ(response.gangs_size(), 2);
  EXPECT_EQ(*FromProto(response.gangs(1)), RefusedReport("wide"));
}

TEST_F(GrpcServerTest, HealthIsServingExactlyWhileTheServiceIsReady) {
  const std::string serving("\x08\x01", 2);
  const std::string not_serving("\x08\x02", 2);
  // HealthCheckRequest{service: "muster.v1.Placement"}: field 1, 19 bytes.
  const std::string placement = "\x0a\x13muster.v1.Placement";
  const auto health = [this](const std::string& request) {
    return CallRaw("/grpc.health.v1.Health/Check", request);
  };
  service_.ready = false;
  Start();
  EXPECT_EQ(health(""), not_serving);
  EXPECT_EQ(health(placement), not_serving);
  service_.ready = true;
  EXPECT_TRUE(Eventually([&] { return health("") == serving; }));
  EXPECT_TRUE(Eventually([&] { return health(placement) == serving; }));
  service_.ready = false;
  EXPECT_TRUE(Eventually([&] { return health("") == not_serving; }));
  EXPECT_TRUE(Eventually([&] { return health(placement) == not_serving; }));
}

TEST_F(GrpcServerTest, ReflectionListsTheService) {
  Start();
  // ServerReflectionRequest{list_services: ""}: field 7.
  const std::string answer =
      CallRaw("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", std::string("\x3a\x00", 2));
  EXPECT_THAT(answer, HasSubstr("muster.v1.Placement"));
  EXPECT_THAT(answer, HasSubstr("grpc.health.v1.Health"));
}

TEST_F(GrpcServerTest, NothingDecidesBeforeTheViewIsComplete) {
  service_.ready = false;
  Start();
  v1::FilterRequest filter;
  SetPod(*filter.mutable_pod());
  v1::PrioritizeRequest prioritize;
  SetPod(*prioritize.mutable_pod());
  v1::PreemptRequest preempt;
  SetPod(*preempt.mutable_pod());
  v1::ExplainRequest explain;
  ToProto(GangId("default", "train"), *explain.mutable_gang());
  v1::FilterResponse filtered;
  v1::PrioritizeResponse scored;
  v1::BindResponse bound;
  v1::PreemptResponse preempted;
  v1::PlanResponse planned;
  v1::ExplainResponse explained;
  v1::ListGangsResponse listed;
  using Context = grpc::ClientContext;
  const std::vector<std::pair<std::string, std::function<grpc::Status(Context&)>>> calls = {
      {"filter", [&](Context& c) { return stub_->Filter(&c, filter, &filtered); }},
      {"prioritize", [&](Context& c) { return stub_->Prioritize(&c, prioritize, &scored); }},
      {"bind", [&](Context& c) { return stub_->Bind(&c, BindRequest(), &bound); }},
      {"preempt", [&](Context& c) { return stub_->Preempt(&c, preempt, &preempted); }},
      {"plan of the live cluster", [&](Context& c) { return stub_->Plan(&c, {}, &planned); }},
      {"explain", [&](Context& c) { return stub_->Explain(&c, explain, &explained); }},
      {"list", [&](Context& c) { return stub_->ListGangs(&c, {}, &listed); }},
      {"watch", [&](Context& c) { return stub_->WatchGangs(&c, {})->Finish(); }},
  };
  for (const auto& [name, call] : calls) {
    SCOPED_TRACE(name);
    Context context;
    EXPECT_EQ(call(context).error_code(), grpc::StatusCode::UNAVAILABLE);
  }
  v1::PlanRequest offline;
  offline.add_manifests("kind: Node");
  Context context;
  EXPECT_TRUE(stub_->Plan(&context, offline, &planned).ok()) << "needs no view of the cluster";
}

TEST_F(GrpcServerTest, AMessageAboveTheLimitIsRefused) {
  GrpcOptions options;
  options.max_message_bytes = 1000;
  Start(options);
  v1::PlanRequest request;
  request.add_manifests(std::string(2000, ' '));
  v1::PlanResponse response;
  grpc::ClientContext context;
  EXPECT_EQ(stub_->Plan(&context, request, &response).error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
}

TEST_F(GrpcServerTest, AnAddressThatIsTakenIsAnError) {
  Start();
  GrpcOptions options;
  options.address = absl::StrCat("127.0.0.1:", server_->port());
  GrpcServer second(service_, read_manifests_, options);
  EXPECT_EQ(second.Start().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(second.port(), 0);
}

TEST_F(GrpcServerTest, StopEndsHeldBindsAndOpenWatches) {
  service_.SetGangs({RefusedReport("wide")});
  Start();
  grpc::ClientContext bind_context;
  std::future<grpc::Status> answer = BindAsync(bind_context);
  auto [call, held] = service_.Kept(0);
  grpc::ClientContext watch_context;
  const auto watch = stub_->WatchGangs(&watch_context, {});
  v1::WatchGangsResponse change;
  ASSERT_TRUE(watch->Read(&change));
  server_->Stop(absl::ZeroDuration());
  EXPECT_FALSE(answer.get().ok());
  EXPECT_FALSE(held->Alive());
  while (watch->Read(&change)) continue;
  EXPECT_FALSE(watch->Finish().ok());
  held->Answer(absl::OkStatus());
}

TEST_F(GrpcServerTest, StopWaitsForCallsThatEndWithinTheGrace) {
  Start();
  grpc::ClientContext context;
  std::future<grpc::Status> answer = BindAsync(context);
  auto [call, held] = service_.Kept(0);
  std::future<void> stopped = std::async(std::launch::async, [this] { server_->Stop(absl::Minutes(5)); });
  EXPECT_TRUE(held->Alive());
  held->Answer(absl::OkStatus());
  EXPECT_TRUE(answer.get().ok());
  stopped.get();
}

}  // namespace
}  // namespace muster
