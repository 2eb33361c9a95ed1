// SPDX-License-Identifier: Apache-2.0
#include "server/extender/http_server.h"

#include <fstream>
#include <sstream>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "test/server/extender/raw_client.h"
#include "test/server/grpc/scripted_service.h"

namespace muster {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr char kBound[] = R"({"Error":""})";

std::string Wire(const std::string& name) {
  std::stringstream text;
  text << std::ifstream(absl::StrCat(MUSTER_TEST_DATA, "/wire/", name)).rdbuf();
  return text.str();
}

std::string FilterAnswerJson(const std::string& names, const std::string& unresolvable = "",
                             const std::string& error = "") {
  return absl::StrCat(R"({"NodeNames":[)", names, R"(],"FailedNodes":{},"FailedAndUnresolvableNodes":{)",
                      unresolvable, R"(},"Error":")", error, R"("})");
}

class HttpServerTest : public testing::Test {
 protected:
  void Start(ExtenderOptions options = {}) {
    options.connections.address = "127.0.0.1:0";
    server_.emplace(service_, metrics_, std::move(options));
    const absl::Status started = server_->Start();
    ASSERT_TRUE(started.ok()) << started;
  }
  int port() const { return server_->port(); }

  Metrics metrics_;
  ScriptedService service_;
  std::optional<ExtenderServer> server_;
};

TEST_F(HttpServerTest, FilterIsAnsweredByteForByte) {
  Start();
  const std::string body = Wire("filter.json");
  RawClient client(port());
  EXPECT_EQ(client.Post("/v1/filter", body)->body, FilterAnswerJson(R"("node-a","node-b","node-c")"));
  service_.filter = [](const FilterCall& call) -> FilterAnswer {
    EXPECT_EQ(call.pod.name, PodName("default", "train-0"));
    return PassOne{NodeName("node-b")};
  };
  EXPECT_EQ(client.Post("/v1/filter", body)->body, FilterAnswerJson(R"("node-b")"));
  service_.filter = [](const FilterCall&) -> FilterAnswer { return Refused{"1 gang: 7 of 8 fit"}; };
  const auto refused = client.Post("/v1/filter", body);
  EXPECT_EQ(refused->status, 200);
  EXPECT_EQ(refused->headers.at("content-type"), "application/json");
  EXPECT_EQ(refused->headers.count("content-encoding"), 0u);
  EXPECT_EQ(refused->body, FilterAnswerJson("", R"("node-a":"1 gang: 7 of 8 fit")"));
}

TEST_F(HttpServerTest, PrioritizeAndPreemptAreAnsweredByteForByte) {
  service_.prioritize = [](const FilterCall&) { return std::vector<int64_t>{0, 10, 5}; };
  service_.preempt = [](const PreemptCall& call) { return std::vector<EvictionOption>{call.options.at(1)}; };
  Start();
  RawClient client(port());
  EXPECT_EQ(client.Post("/v1/prioritize", Wire("filter.json"))->body,
            R"([{"Host":"node-a","Score":0},{"Host":"node-b","Score":10},{"Host":"node-c","Score":5}])");
  EXPECT_EQ(client.Post("/v1/preempt", Wire("preempt.json"))->body,
            R"({"NodeNameToMetaVictims":{"node-b":{"Pods":[{"UID":"v3"}],"NumPDBViolations":0}}})");
}

TEST_F(HttpServerTest, ABindThatIsAnsweredAtOnceIsOnePiece) {
  service_.bind = [](const BindCall& call, std::shared_ptr<HeldCall> held) {
    EXPECT_EQ(call.node, NodeName("node-b"));
    held->Answer(absl::OkStatus());
  };
  Start();
  RawClient client(port());
  const auto response = client.Post("/v1/bind", Wire("bind.json"));
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->body, kBound);
  EXPECT_EQ(response->chunks, 0);
}

TEST_F(HttpServerTest, AHeldBindGetsSpacesAndThenItsAnswer) {
  ExtenderOptions options;
  options.heartbeat = absl::Milliseconds(10);
  Start(options);
  RawClient client(port());
  ASSERT_TRUE(client.Send(PostBytes("/v1/bind", Wire("bind.json"))));
  const auto [call, held] = service_.Kept(0);
  // The head, and the size of the first chunk with its space.
  std::string seen;
  while (!absl::StrContains(seen, "\r\n\r\n1\r\n \r\n")) {
    const std::optional<char> byte = client.ReceiveByte(absl::Seconds(20));
    ASSERT_TRUE(byte.has_value()) << seen;
    seen += *byte;
  }
  EXPECT_THAT(seen, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(seen, HasSubstr("Content-Type: application/json\r\n"));
  EXPECT_TRUE(held->Alive());
  held->Answer(absl::AbortedError("the seat moved"));
  EXPECT_FALSE(held->Alive());
  while (!absl::StrContains(seen, "\r\n0\r\n\r\n")) {
    const std::optional<char> byte = client.ReceiveByte(absl::Seconds(20));
    ASSERT_TRUE(byte.has_value()) << seen;
    seen += *byte;
  }
  EXPECT_THAT(seen, HasSubstr(R"({"Error":"the seat moved"})"));
  // The connection is as good as before.
  EXPECT_EQ(client.Get("/healthz")->status, 200);
}

TEST_F(HttpServerTest, ACallerThatDiesWhileItsCallIsHeldIsNoticedWithinHalfASecond) {
  Start();
  const std::string request = PostBytes("/v1/bind", Wire("bind.json"));
  RawClient closes(port());
  RawClient resets(port());
  ASSERT_TRUE(closes.Send(request));
  const auto closed = service_.Kept(0).second;
  ASSERT_TRUE(resets.Send(request));
  const auto reset = service_.Kept(1).second;
  EXPECT_TRUE(closed->Alive());
  EXPECT_TRUE(reset->Alive());
  const absl::Time died = absl::Now();
  closes.Close();
  resets.Reset();
  EXPECT_TRUE(Eventually([&] { return !closed->Alive() && !reset->Alive(); }));
  EXPECT_LT(absl::Now() - died, absl::Milliseconds(500));
  // The service does not know yet, and answers nobody.
  closed->Answer(absl::OkStatus());
  reset->Answer(absl::OkStatus());
  RawClient client(port());
  EXPECT_TRUE(Eventually([&] {
    return absl::StrContains(client.Get("/metrics")->body,
                             R"(muster_verb_duration_seconds_count{outcome="caller_gone",verb="bind"} 2)");
  }));
}

TEST_F(HttpServerTest, HeldBindsNeverKeepAFilterCallWaiting) {
  constexpr size_t kHeld = 300;
  Start();
  std::vector<std::unique_ptr<RawClient>> binders;
  for (size_t i = 0; i < kHeld; ++i) {
    binders.push_back(std::make_unique<RawClient>(port()));
    ASSERT_TRUE(binders.back()->Send(PostBytes("/v1/bind", Wire("bind.json"))));
  }
  service_.Kept(kHeld - 1);
  RawClient client(port());
  EXPECT_EQ(client.Post("/v1/filter", Wire("filter.json"))->status, 200);
  EXPECT_THAT(client.Get("/metrics")->body, HasSubstr("muster_held_binds 300\n"));
  for (size_t i = 0; i < kHeld; ++i) service_.Kept(i).second->Answer(absl::OkStatus());
  for (const auto& binder : binders) {
    const auto response = binder->Receive();
    ASSERT_TRUE(response.has_value());
    EXPECT_EQ(absl::StripAsciiWhitespace(response->body), kBound);
  }
}

TEST_F(HttpServerTest, StoppingEndsHeldCallsWithAnError) {
  Start();
  RawClient held(port());
  RawClient idle(port());
  ASSERT_TRUE(held.Send(PostBytes("/v1/bind", Wire("bind.json"))));
  const auto call = service_.Kept(0).second;
  EXPECT_EQ(idle.Get("/healthz")->status, 200);
  const absl::Time began = absl::Now();
  server_->Stop(absl::Seconds(10));
  EXPECT_LT(absl::Now() - began, absl::Seconds(5));
  const auto response = held.Receive();
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(absl::StripAsciiWhitespace(response->body), R"({"Error":"muster is shutting down"})");
  EXPECT_FALSE(call->Alive());
  call->Answer(absl::OkStatus());  // too late, and harmless
  EXPECT_TRUE(idle.ClosedByServer(absl::Seconds(5)));
  EXPECT_FALSE(RawClient(port()).Send("x") && RawClient(port()).Get("/healthz").has_value());
}

TEST_F(HttpServerTest, StoppingDoesNotWaitForTheSlow) {
  Start();
  RawClient slow(port());
  ASSERT_TRUE(slow.Send("POST /v1/filter HTTP/1.1\r\nContent-Length: 100\r\n\r\n{"));
  RawClient other(port());
  EXPECT_EQ(other.Get("/healthz")->status, 200);  // so the slow one has been accepted
  const absl::Time began = absl::Now();
  server_->Stop(absl::Milliseconds(200));
  EXPECT_LT(absl::Now() - began, absl::Seconds(5));
}

TEST_F(HttpServerTest, ManyRequestsPassOverOneConnection) {
  Start();
  RawClient client(port());
  for (int i = 0; i < 100; ++i) ASSERT_EQ(client.Post("/v1/filter", Wire("filter.json"))->status, 200) << i;
}

TEST_F(HttpServerTest, PipelinedRequestsAreAllAnswered) {
  Start();
  RawClient client(port());
  std::string bytes;
  for (int i = 0; i < 20; ++i) bytes += PostBytes("/v1/filter", Wire("filter.json"));
  ASSERT_TRUE(client.Send(bytes));
  for (int i = 0; i < 20; ++i) {
    const auto response = client.Receive();
    ASSERT_TRUE(response.has_value()) << i;
    EXPECT_EQ(response->body, FilterAnswerJson(R"("node-a","node-b","node-c")"));
  }
}

TEST_F(HttpServerTest, AnIdleConnectionEndsWhenItsTimeIsOver) {
  ExtenderOptions options;
  options.connections.idle = absl::Milliseconds(100);
  Start(options);
  RawClient fresh(port());
  RawClient used(port());
  EXPECT_EQ(used.Get("/healthz")->status, 200);
  EXPECT_TRUE(fresh.ClosedByServer(absl::Seconds(10)));
  EXPECT_TRUE(used.ClosedByServer(absl::Seconds(10)));
}

TEST_F(HttpServerTest, ConnectionsThatTheSchedulerKeepsAreKept) {
  EXPECT_GE(ConnectionOptions().idle, absl::Seconds(120));
}

TEST_F(HttpServerTest, ADrippingRequestEndsAtItsDeadlineAndHoldsUpNobody) {
  ExtenderOptions options;
  options.connections.request = absl::Milliseconds(300);
  Start(options);
  for (const std::string start :
       {"POST /v1/fil", "POST /v1/filter HTTP/1.1\r\nContent-Length: 1000\r\n\r\n{\"Pod\""}) {
    RawClient slow(port());
    const absl::Time began = absl::Now();
    ASSERT_TRUE(slow.Send(start));
    // Every byte is in time for a timeout that would start anew with each.
    while (absl::Now() - began < absl::Seconds(10) && slow.Send("x")) {
      RawClient other(port());
      ASSERT_EQ(other.Post("/v1/filter", Wire("filter.json"))->status, 200);
      absl::SleepFor(absl::Milliseconds(20));
    }
    EXPECT_LT(absl::Now() - began, absl::Seconds(5));
  }
}

TEST_F(HttpServerTest, BeforeItIsReadyEveryVerbSaysSoAndClosesTheConnection) {
  service_.ready = false;
  Start();
  const std::string why = "not ready: the view of the cluster is not complete";
  const auto filter = RawClient(port()).Post("/v1/filter", Wire("filter.json"));
  EXPECT_EQ(filter->status, 200);
  EXPECT_EQ(filter->body, FilterAnswerJson("", "", why));
  EXPECT_EQ(filter->headers.at("connection"), "close");
  const auto bind = RawClient(port()).Post("/v1/bind", Wire("bind.json"));
  EXPECT_EQ(bind->status, 200);
  EXPECT_EQ(bind->body, absl::StrCat(R"({"Error":")", why, R"("})"));
  EXPECT_EQ(bind->headers.at("connection"), "close");
  EXPECT_EQ(RawClient(port()).Post("/v1/prioritize", Wire("filter.json"))->status, 503);
  EXPECT_EQ(RawClient(port()).Post("/v1/preempt", Wire("preempt.json"))->status, 503);
  RawClient client(port());
  EXPECT_EQ(client.Get("/readyz")->status, 503);
  EXPECT_EQ(client.Get("/ready")->body, why + "\n");
  EXPECT_EQ(client.Get("/healthz")->status, 200);
  service_.ready = true;
  EXPECT_EQ(client.Get("/readyz")->status, 200);
  const auto later = client.Post("/v1/filter", Wire("filter.json"));
  EXPECT_EQ(later->body, FilterAnswerJson(R"("node-a","node-b","node-c")"));
  EXPECT_EQ(later->headers.count("connection"), 0u);
}

TEST_F(HttpServerTest, GangsAreShownAsJson) {
  service_.SetGangs({PlacedReport("train", {"node-a"}), RefusedReport("big")});
  Start();
  RawClient client(port());
  const std::string all = client.Get("/v1/gangs")->body;
  EXPECT_THAT(all, StartsWith(R"({"gangs":[{"gang":"default/train")"));
  EXPECT_THAT(all, HasSubstr(R"("gang":"default/big")"));
  const auto one = client.Get("/v1/gangs/default/big");
  EXPECT_EQ(one->status, 200);
  EXPECT_THAT(one->body, HasSubstr("7 of 8 members fit"));
  const auto none = client.Get("/v1/gangs/default/none");
  EXPECT_EQ(none->status, 404);
  EXPECT_EQ(none->body, R"({"Error":"no pod declares gang default/none"})");
  EXPECT_EQ(client.Get("/v1/gangs/default")->status, 404);
}

TEST_F(HttpServerTest, MetricsAreBroughtUpToDateAndCountTheVerbs) {
  ExtenderOptions options;
  options.before_scrape = [this] { metrics_.Show(Metrics::Standing{.placed_gangs = 3, .promises = 24}); };
  Start(options);
  RawClient client(port());
  client.Post("/v1/filter", Wire("filter.json"));
  client.Post("/v1/filter", "{");
  const auto response = client.Get("/metrics");
  EXPECT_EQ(response->headers.at("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_THAT(response->body, HasSubstr("muster_gangs{outcome=\"placed\"} 3\n"));
  EXPECT_THAT(response->body, HasSubstr("muster_promised_seats 24\n"));
  for (const char* outcome : {"passed_all", "bad_request"}) {
    EXPECT_THAT(response->body, HasSubstr(absl::StrCat("muster_verb_duration_seconds_count{outcome=\"",
                                                       outcome, "\",verb=\"filter\"} 1\n")));
  }
}

TEST_F(HttpServerTest, APortThatIsTakenIsAnErrorThatNamesIt) {
  Start();
  ExtenderOptions options;
  options.connections.address = absl::StrCat("127.0.0.1:", port());
  ExtenderServer second(service_, metrics_, options);
  EXPECT_EQ(second.Start(),
            absl::UnavailableError(absl::StrCat("can't listen for HTTP on 127.0.0.1:", port())));
  options.connections.address = "nowhere";
  EXPECT_EQ(ExtenderServer(service_, metrics_, options).Start().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace muster
