// SPDX-License-Identifier: Apache-2.0
#include "server/kube/kube_api.h"

#include <future>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "test/server/kube/fake_api_server.h"

namespace muster::kube {
namespace {

using Json = nlohmann::json;
using test::FakeApiServer;
using Answer = FakeApiServer::Answer;
using Call = FakeApiServer::Call;

const PodVersion kPod{PodName("ml", "w-0"), PodUid("u1"), "42"};

class KubeApiTest : public testing::Test {
 protected:
  template <typename Result, typename Start>
  Result Wait(Start start) {
    std::promise<Result> promise;
    start([&](Result result) { promise.set_value(std::move(result)); });
    return promise.get_future().get();
  }
  absl::Status Bind() {
    return Wait<absl::Status>([&](auto done) {
      api_.Bind(kPod, NodeName("n1"), {{"muster.dev/commit", "7-1"}}, done);
    });
  }
  Json LastBody() { return Json::parse(server_.calls().back().body); }

  FakeApiServer server_;
  KubeApi api_{server_.access(), absl::Seconds(5)};
};

TEST_F(KubeApiTest, BindsThisVersionOfThePodWithItsAnnotations) {
  server_.On("POST", "/api/v1/namespaces/ml/pods/w-0/binding", [](const Call&) {
    return Answer{201, "{}", ""};
  });
  EXPECT_TRUE(Bind().ok());
  EXPECT_EQ(
      LastBody(),
      Json::parse(R"({"apiVersion":"v1","kind":"Binding","metadata":{"namespace":"ml","name":"w-0","uid":"u1",
    "resourceVersion":"42","annotations":{"muster.dev/commit":"7-1"}},"target":{"apiVersion":"v1","kind":"Node","name":"n1"}})"));
  EXPECT_EQ(server_.calls().back().content_type, "application/json");
}

TEST_F(KubeApiTest, NominatesAndClearsByAMergePatchOfTheStatus) {
  server_.On("PATCH", "/api/v1/namespaces/ml/pods/w-0/status", [](const Call&) {
    return Answer{200, "{}", ""};
  });
  EXPECT_TRUE(Wait<absl::Status>([&](auto done) {
                api_.Nominate({kPod.name, kPod.uid, ""}, NodeName("n1"), done);
              }).ok());
  EXPECT_EQ(LastBody(), Json::parse(R"({"metadata":{"uid":"u1"},"status":{"nominatedNodeName":"n1"}})"));
  EXPECT_EQ(server_.calls().back().content_type, "application/merge-patch+json");
  EXPECT_TRUE(Wait<absl::Status>([&](auto done) { api_.Nominate(kPod, NodeName(), done); }).ok());
  EXPECT_EQ(
      LastBody(),
      Json::parse(R"({"metadata":{"uid":"u1","resourceVersion":"42"},"status":{"nominatedNodeName":null}})"));
}

TEST_F(KubeApiTest, AnnotatesThroughTheStatusWhichItMayPatch) {
  server_.On("PATCH", "/api/v1/namespaces/ml/pods/w-0/status", [](const Call&) {
    return Answer{200, "{}", ""};
  });
  EXPECT_TRUE(Wait<absl::Status>([&](auto done) {
                api_.Annotate({kPod.name, kPod.uid, ""}, {{"muster.dev/epoch", "7"}}, done);
              }).ok());
  EXPECT_EQ(LastBody(), Json::parse(R"({"metadata":{"uid":"u1","annotations":{"muster.dev/epoch":"7"}}})"));
  EXPECT_EQ(server_.calls().back().content_type, "application/merge-patch+json");
}

TEST_F(KubeApiTest, TakesAwayTheGateAndNarrowsTheAffinityInOnePatch) {
  server_.On("PATCH", "/api/v1/namespaces/ml/pods/w-0", [](const Call&) { return Answer{200, "{}", ""}; });
  const auto ungate = [&](std::vector<NodeSelectorTerm> terms) {
    return Wait<absl::Status>([&](auto done) { api_.Ungate({kPod.name, kPod.uid, terms}, done); });
  };
  EXPECT_TRUE(ungate({}).ok());
  EXPECT_EQ(LastBody(), Json::parse(R"({"metadata":{"uid":"u1"},"spec":{"schedulingGates":null}})"));
  EXPECT_TRUE(
      ungate({{{{"a", LabelRequirement::Op::kNotIn, {"x"}}, {"b", LabelRequirement::Op::kExists, {}}}, {}}})
          .ok());
  EXPECT_EQ(LastBody().at("spec").at("affinity"), Json::parse(R"({"nodeAffinity":{
    "requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[{"matchExpressions":[
      {"key":"a","operator":"NotIn","values":["x"]},{"key":"b","operator":"Exists"}]}]}}})"));
  EXPECT_EQ(server_.calls().back().content_type, "application/merge-patch+json");
}

TEST_F(KubeApiTest, AsksWithThePodTemplatesFirst) {
  server_.On("GET", "/api/v1/namespaces/ml/pods/w-", [](const Call&) {
    return Answer{200, R"({"metadata":{"name":"w-0","uid":"u1","labels":{"app":"t"},
      "ownerReferences":[{"apiVersion":"batch/v1","kind":"Job","name":"t","uid":"j1","controller":true}]},
      "spec":{"nodeName":"","schedulingGates":[{"name":"muster.dev/gang"}],"containers":[{"name":"c"}],
      "affinity":{"podAntiAffinity":{}}}})",
                  ""};
  });
  server_.On("POST", "/api/v1/namespaces/ml/podtemplates", [](const Call&) { return Answer{409, "{}", ""}; });
  server_.On("POST", "/apis/autoscaling.x-k8s.io/v1/namespaces/ml/provisioningrequests", [](const Call&) {
    return Answer{201, "{}", ""};
  });
  ProvisioningOrder order{
      .name = "muster-t-0", .gang = GangId("ml", "t"), .attempt = 0, .what = "spot", .sets = {}};
  order.sets.push_back({PodName("ml", "w-0"), 3, {{{{"spot", LabelRequirement::Op::kIn, {"yes"}}}, {}}}});
  order.sets.push_back({PodName("ml", "w-1"), 1, {}});
  EXPECT_TRUE(Wait<absl::Status>([&](auto done) { api_.Ask(order, done); }).ok());
  const std::vector<Call> calls = server_.calls();
  ASSERT_EQ(calls.size(), 5);
  const Json made = Json::parse(calls[1].body);
  EXPECT_EQ(made.at("kind"), "PodTemplate");
  EXPECT_EQ(made.at("metadata").at("name"), "muster-t-0-0");
  EXPECT_EQ(made.at("template").at("metadata").at("labels").at("app"), "t");
  EXPECT_EQ(made.at("template").at("spec"),
            Json::parse(R"({"containers":[{"name":"c"}],"affinity":{"podAntiAffinity":{},
    "nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[
      {"matchExpressions":[{"key":"spot","operator":"In","values":["yes"]}]}]}}}})"));
  EXPECT_FALSE(Json::parse(calls[3].body).at("template").at("spec").at("affinity").contains("nodeAffinity"));
  EXPECT_EQ(LastBody().at("spec"), Json::parse(R"({
    "provisioningClassName":"best-effort-atomic-scale-up.autoscaling.x-k8s.io",
    "podSets":[{"podTemplateRef":{"name":"muster-t-0-0"},"count":3},{"podTemplateRef":{"name":"muster-t-0-1"},"count":1}]})"));
  for (const Json& metadata : {made.at("metadata"), LastBody().at("metadata")}) {
    EXPECT_EQ(metadata.at("ownerReferences"),
              Json::parse(R"([{"apiVersion":"batch/v1","kind":"Job","name":"t","uid":"j1"}])"));
    EXPECT_EQ(metadata.at("annotations").at("muster.dev/gang"), "t");
    EXPECT_EQ(metadata.at("labels").at("app.kubernetes.io/managed-by"), "muster");
  }
}

TEST_F(KubeApiTest, AskingSaysWhyItCanNot) {
  const auto ask = [&] {
    ProvisioningOrder order{.name = "r", .gang = GangId("ml", "t"), .attempt = 0, .what = "", .sets = {}};
    order.sets.push_back({PodName("ml", "w-0"), 1, {}});
    return Wait<absl::Status>([&](auto done) { api_.Ask(order, done); });
  };
  EXPECT_EQ(ask().code(), absl::StatusCode::kNotFound);
  server_.On("GET", "/api/v1/namespaces/ml/pods/w-0", [](const Call&) { return Answer{200, "[]", ""}; });
  EXPECT_EQ(ask().code(), absl::StatusCode::kUnavailable);
  server_.On("GET", "/api/v1/namespaces/ml/pods/w-0", [](const Call&) { return Answer{200, "{}", ""}; });
  server_.On("POST", "/", [](const Call&) { return Answer{403, R"({"message":"no right"})", ""}; });
  EXPECT_EQ(ask().code(), absl::StatusCode::kPermissionDenied);
}

TEST_F(KubeApiTest, WithdrawsTheRequestAndItsTemplates) {
  server_.On("DELETE", "/", [](const Call&) { return Answer{404, "{}", ""}; });
  ProvisioningRequest request;
  request.ns = "ml";
  request.name = "r";
  request.templates = {"r-0", "r-1"};
  EXPECT_TRUE(Wait<absl::Status>([&](auto done) { api_.Withdraw(request, done); }).ok());
  EXPECT_TRUE(FakeApiServer::Eventually([&] { return server_.calls().size() == 3; }));
  EXPECT_EQ(server_.calls()[0].target, "/apis/autoscaling.x-k8s.io/v1/namespaces/ml/provisioningrequests/r");
  // These two are sent together.
  EXPECT_THAT((std::vector{server_.calls()[1].target, server_.calls()[2].target}),
              testing::UnorderedElementsAre("/api/v1/namespaces/ml/podtemplates/r-0",
                                            "/api/v1/namespaces/ml/podtemplates/r-1"));
}

TEST_F(KubeApiTest, EvictsThisPodUnderItsBudgets) {
  server_.On("POST", "/api/v1/namespaces/ml/pods/w-0/eviction", [](const Call&) {
    return Answer{429, "{}", ""};
  });
  const absl::Status status = Wait<absl::Status>([&](auto done) { api_.Evict(kPod, done); });
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(LastBody().at("deleteOptions").at("preconditions").at("uid"), "u1");
  EXPECT_EQ(LastBody().at("deleteOptions").at("preconditions").value("resourceVersion", ""),
            kPod.resource_version);
}

TEST_F(KubeApiTest, ReadsAPod) {
  server_.On("GET", "/api/v1/namespaces/ml/pods/w-0", [](const Call&) {
    return Answer{200, R"({"metadata":{"namespace":"ml","name":"w-0","uid":"u1"},"spec":{"nodeName":"n1"}})",
                  ""};
  });
  const auto pod = Wait<absl::StatusOr<Pod>>([&](auto done) { api_.Read(kPod.name, done); });
  ASSERT_TRUE(pod.ok()) << pod.status();
  EXPECT_EQ(pod->node, NodeName("n1"));
}

TEST_F(KubeApiTest, ARefusedTokenIsTriedOnceMore) {
  std::atomic<int> calls = 0;
  server_.On("POST", "/", [&](const Call&) {
    return ++calls == 1 ? Answer{401, "{}", ""} : Answer{201, "{}", ""};
  });
  EXPECT_TRUE(Bind().ok());
  server_.On("POST", "/", [&](const Call&) { return Answer{401, "{}", ""}; });
  EXPECT_EQ(Bind().code(), absl::StatusCode::kPermissionDenied);
}

TEST_F(KubeApiTest, CallsThatAreOutstandingEndWithTheClient) {
  absl::Mutex mu;
  bool may_answer = false;
  FakeApiServer slow;
  slow.On("POST", "/", [&](const Call&) {
    absl::MutexLock lock(&mu);
    mu.Await(absl::Condition(&may_answer));
    return Answer{201, "{}", ""};
  });
  absl::Status status;
  {
    KubeApi api(slow.access(), absl::Seconds(60));
    api.Bind(kPod, NodeName("n1"), {}, [&](absl::Status s) { status = std::move(s); });
    ASSERT_TRUE(FakeApiServer::Eventually([&] { return !slow.calls().empty(); }));
  }
  EXPECT_EQ(status.code(), absl::StatusCode::kCancelled);
  absl::MutexLock lock(&mu);
  may_answer = true;
}

struct CodeCase {
  int http;
  absl::StatusCode want;
};

TEST_F(KubeApiTest, AnswersBecomeWhatClusterApiPromises) {
  for (const CodeCase& c :
       {CodeCase{404, absl::StatusCode::kNotFound}, CodeCase{409, absl::StatusCode::kAborted},
        CodeCase{403, absl::StatusCode::kPermissionDenied}, CodeCase{422, absl::StatusCode::kInvalidArgument},
        CodeCase{429, absl::StatusCode::kUnavailable}, CodeCase{500, absl::StatusCode::kUnavailable},
        CodeCase{503, absl::StatusCode::kUnavailable}}) {
    server_.On("POST", "/", [&](const Call&) {
      return Answer{c.http, R"({"kind":"Status","message":"because"})", ""};
    });
    const absl::Status status = Bind();
    EXPECT_EQ(status.code(), c.want) << c.http;
    EXPECT_THAT(
        std::string(status.message()),
        testing::HasSubstr(absl::StrCat("binding pod ml/w-0 to node n1: HTTP ", c.http, ": because")));
  }
}

TEST(KubeApi, AServerThatIsNotThereIsUnavailable) {
  Access access;
  access.server = "http://127.0.0.1:1";
  std::promise<absl::Status> promise;
  KubeApi api(access, absl::Seconds(5));
  api.Evict(kPod, [&](absl::Status status) { promise.set_value(std::move(status)); });
  EXPECT_EQ(promise.get_future().get().code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace muster::kube
