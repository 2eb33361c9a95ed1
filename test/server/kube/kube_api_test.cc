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

TEST_F(KubeApiTest, EvictsThisPodUnderItsBudgets) {
  server_.On("POST", "/api/v1/namespaces/ml/pods/w-0/eviction", [](const Call&) {
    return Answer{429, "{}", ""};
  });
  const absl::Status status = Wait<absl::Status>([&](auto done) { api_.Evict(kPod, done); });
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(LastBody().at("deleteOptions").at("preconditions").at("uid"), "u1");
  EXPECT_EQ(LastBody().at("deleteOptions").at("preconditions").value("resourceVersion", ""), kPod.resource_version);
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
