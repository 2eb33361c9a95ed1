// SPDX-License-Identifier: Apache-2.0
// Both ports with TLS, on the wire, with keys that are made for each test.
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "gtest/gtest.h"
#include "muster/v1/placement.grpc.pb.h"
#include "server/extender/http_server.h"
#include "server/grpc/grpc_server.h"
#include "server/tls/tls_context.h"
#include "test/server/extender/raw_client.h"
#include "test/server/grpc/scripted_service.h"
#include "test/server/tls/keys.h"

namespace muster {
namespace {

using test::Authority;
using test::Fetched;
using test::HttpsClient;
using test::ReadFile;
using test::WriteFile;
using testing::HasSubstr;

bool Eventually(const std::function<bool()>& condition) {
  const absl::Time end = absl::Now() + absl::Seconds(20);
  while (!condition()) {
    if (absl::Now() > end) return false;
    absl::SleepFor(absl::Milliseconds(50));
  }
  return true;
}

class TlsTest : public testing::Test {
 protected:
  TlsTest() {
    std::filesystem::create_directories(folder_);
    authority_.WriteCertificate(At("ca.crt"));
    authority_.Issue(folder_, "server");
    authority_.Issue(folder_, "caller");
  }
  ~TlsTest() override { std::filesystem::remove_all(folder_); }

  std::string At(const std::string& file) const { return absl::StrCat(folder_, "/", file); }
  TlsFiles ServerFiles(bool asks_callers = false) const {
    return {At("server.crt"), At("server.key"), asks_callers ? At("ca.crt") : ""};
  }
  TlsFiles CallerFiles() const { return {At("caller.crt"), At("caller.key"), At("ca.crt")}; }
  TlsFiles Stranger() const { return {"", "", At("ca.crt")}; }

  int StartHttp(bool asks_callers = false) {
    ExtenderOptions options;
    options.connections.address = "127.0.0.1:0";
    options.connections.request = absl::Milliseconds(500);
    const auto tls = TlsContext::Open(ServerFiles(asks_callers));
    EXPECT_TRUE(tls.ok()) << tls.status();
    options.connections.tls = *tls;
    http_.emplace(service_, metrics_, std::move(options));
    EXPECT_TRUE(http_->Start().ok());
    return http_->port();
  }

  std::string StartGrpc(bool asks_callers = false) {
    GrpcOptions options;
    options.address = "127.0.0.1:0";
    options.tls = ServerFiles(asks_callers);
    grpc_.emplace(
        service_, [](auto) { return absl::UnimplementedError(""); }, options);
    EXPECT_TRUE(grpc_->Start().ok());
    return absl::StrCat("127.0.0.1:", grpc_->port());
  }

  static grpc::Status Ask(const std::string& server, const TlsFiles& keys) {
    grpc::SslCredentialsOptions options{.pem_root_certs = ReadFile(keys.client_ca),
                                        .pem_private_key = keys.enabled() ? ReadFile(keys.key) : "",
                                        .pem_cert_chain = keys.enabled() ? ReadFile(keys.certificate) : ""};
    grpc::ChannelArguments arguments;
    // Channels to one address would share a connection.
    arguments.SetInt("grpc.use_local_subchannel_pool", 1);
    const auto stub =
        v1::Placement::NewStub(grpc::CreateCustomChannel(server, grpc::SslCredentials(options), arguments));
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(10)));
    v1::ListGangsResponse response;
    return stub->ListGangs(&context, {}, &response);
  }

  const std::string folder_ = absl::StrCat(testing::TempDir(), "/tls-", getpid(), "-",
                                           testing::UnitTest::GetInstance()->current_test_info()->name());
  Authority authority_{"ours"};
  Metrics metrics_;
  ScriptedService service_;
  std::optional<ExtenderServer> http_;
  std::optional<GrpcServer> grpc_;
};

constexpr char kBind[] = R"({"PodName":"train-0","PodNamespace":"default","PodUID":"u0","Node":"n1"})";

TEST_F(TlsTest, CallsAreAnsweredOnOneConnectionAfterTheOther) {
  HttpsClient client(StartHttp(), Stranger());
  for (int i = 0; i < 3; ++i) {
    const Fetched gangs = client.Fetch("/v1/gangs");
    EXPECT_EQ(gangs.error, "");
    EXPECT_EQ(gangs.status, 200);
    EXPECT_EQ(gangs.body, "{\"gangs\":[]}\n");
  }
}

TEST_F(TlsTest, AHeldBindCallIsAnsweredWhenItsGangIsThere) {
  const int port = StartHttp();
  auto answer =
      std::async(std::launch::async, [&] { return HttpsClient(port, Stranger()).Fetch("/v1/bind", kBind); });
  const auto [call, held] = service_.Kept(0);
  absl::SleepFor(absl::Milliseconds(600));  // some signs of life
  EXPECT_TRUE(held->Alive());
  held->Answer(absl::OkStatus());
  EXPECT_THAT(answer.get().body, testing::MatchesRegex(R"( +\{"Error":""\})"));
}

TEST_F(TlsTest, BodiesOfManyRecordsArriveWhole) {
  service_.filter = [](const FilterCall& call) -> FilterAnswer {
    return PassOne{NodeName(std::string(call.candidates.back()))};
  };
  std::string names;
  for (int i = 0; i < 5000; ++i)
    absl::StrAppend(&names, i == 0 ? "" : ",", "\"a-node-of-some-name-", i, "\"");
  const std::string body = absl::StrCat(
      R"({"Pod":{"metadata":{"name":"train-0","namespace":"default","uid":"u0"},"spec":{"containers":[]}},)",
      R"("NodeNames":[)", names, "]}");
  const Fetched answer = HttpsClient(StartHttp(), Stranger()).Fetch("/v1/filter", body);
  EXPECT_THAT(answer.body, HasSubstr(R"("NodeNames":["a-node-of-some-name-4999"])")) << answer.error;
}

TEST_F(TlsTest, WhoSpeaksPlainHttpIsNotAnswered) {
  RawClient client(StartHttp());
  EXPECT_FALSE(client.Get("/healthz").has_value());
}

TEST_F(TlsTest, WhoNeverShowsAKeyIsLeftAfterTheTimeOfARequest) {
  RawClient client(StartHttp());
  EXPECT_TRUE(client.ClosedByServer(absl::Seconds(10)));
}

TEST_F(TlsTest, AReplacedCertificateCountsForTheNextConnection) {
  const int port = StartHttp();
  HttpsClient before(port, Stranger());
  EXPECT_THAT(before.Fetch("/healthz").subject, HasSubstr("server-2"));
  authority_.Issue(folder_, "server");
  EXPECT_TRUE(Eventually([&] {
    const Fetched now = HttpsClient(port, Stranger()).Fetch("/healthz");
    EXPECT_EQ(now.error, "");
    return now.subject.find("server-4") != std::string::npos;
  }));
  EXPECT_EQ(before.Fetch("/healthz").status, 200);
}

TEST_F(TlsTest, FilesThatCanNotBeUsedChangeNothing) {
  const auto tls = TlsContext::Open(ServerFiles());
  ASSERT_TRUE(tls.ok());
  const auto before = (*tls)->Current();
  WriteFile(At("server.crt"), "no certificate");
  absl::SleepFor(TlsContext::kLook * 1.5);
  EXPECT_EQ((*tls)->Current(), before);
  authority_.Issue(folder_, "server");
  absl::SleepFor(TlsContext::kLook * 1.5);
  EXPECT_NE((*tls)->Current(), before);
}

TEST_F(TlsTest, WhatCanNotBeUsedAtTheStartIsNamed) {
  const auto error = [&](const TlsFiles& files) {
    return std::string(TlsContext::Open(files).status().message());
  };
  EXPECT_THAT(error({At("none.crt"), At("server.key"), ""}),
              HasSubstr("none.crt: no certificate can be read"));
  EXPECT_THAT(error({At("server.crt"), At("caller.key"), ""}),
              HasSubstr("caller.key: it holds no key of the certificate"));
  EXPECT_THAT(error({At("server.crt"), At("server.key"), At("server.key")}),
              HasSubstr("server.key: no certificate can be read"));
}

TEST_F(TlsTest, CallersOfVerbsMustShowACertificateAndProbesNeedNone) {
  const int port = StartHttp(/*asks_callers=*/true);
  HttpsClient known(port, CallerFiles());
  EXPECT_EQ(known.Fetch("/v1/gangs").status, 200);
  HttpsClient stranger(port, Stranger());
  EXPECT_EQ(stranger.Fetch("/healthz").status, 200);
  EXPECT_EQ(stranger.Fetch("/readyz").status, 200);
  EXPECT_EQ(stranger.Fetch("/v1/gangs").status, 403);
  const Fetched bind = stranger.Fetch("/v1/bind", kBind);
  EXPECT_EQ(bind.status, 403);
  EXPECT_THAT(bind.body, HasSubstr("tls.clientCA"));
}

TEST_F(TlsTest, ACertificateOfAnotherAuthorityIsWorthNothing) {
  const int port = StartHttp(/*asks_callers=*/true);
  Authority theirs("theirs");
  theirs.Issue(folder_, "caller");
  const Fetched answer = HttpsClient(port, CallerFiles()).Fetch("/v1/gangs");
  EXPECT_NE(answer.status, 200) << answer.body;
}

TEST_F(TlsTest, GrpcIsAnsweredAndItsCertificateFollowed) {
  const std::string server = StartGrpc();
  const grpc::Status first = Ask(server, Stranger());
  EXPECT_TRUE(first.ok()) << first.error_message();
  Authority next("next");
  next.WriteCertificate(At("next.crt"));
  next.Issue(folder_, "server");
  EXPECT_TRUE(Eventually([&] { return Ask(server, {"", "", At("next.crt")}).ok(); }));
}

TEST_F(TlsTest, GrpcCallersMustShowACertificateWhereTheyAreAsked) {
  const std::string server = StartGrpc(/*asks_callers=*/true);
  const grpc::Status known = Ask(server, CallerFiles());
  EXPECT_TRUE(known.ok()) << known.error_message();
  EXPECT_EQ(Ask(server, Stranger()).error_code(), grpc::StatusCode::UNAVAILABLE);
}

}  // namespace
}  // namespace muster
