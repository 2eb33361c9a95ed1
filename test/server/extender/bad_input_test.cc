// SPDX-License-Identifier: Apache-2.0
#include <fstream>
#include <sstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "server/extender/http_server.h"
#include "test/server/extender/raw_client.h"
#include "test/server/grpc/scripted_service.h"

namespace muster {
namespace {

using testing::HasSubstr;

std::string Wire(const std::string& name) {
  std::stringstream text;
  text << std::ifstream(absl::StrCat(MUSTER_TEST_DATA, "/wire/", name)).rdbuf();
  return text.str();
}

std::string Repeat(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

class BadInput : public testing::Test {
 protected:
  void SetUp() override {
    ExtenderOptions options;
    options.connections.address = "127.0.0.1:0";
    server_.emplace(service_, metrics_, options);
    ASSERT_TRUE(server_->Start().ok());
  }
  // After anything at all, the next caller is answered.
  void TearDown() override {
    RawClient client(server_->port());
    const auto response = client.Post("/v1/filter", Wire("filter.json"));
    ASSERT_TRUE(response.has_value());
    EXPECT_THAT(response->body, HasSubstr(R"("Error":"")"));
  }

  Metrics metrics_;
  ScriptedService service_;
  std::optional<ExtenderServer> server_;
};

struct BadBody {
  const char* name;
  std::string body;
};
void PrintTo(const BadBody& c, std::ostream* out) { *out << c.name; }

class BadBodies : public BadInput, public testing::WithParamInterface<BadBody> {};

TEST_P(BadBodies, AreAnsweredSoThatKubeSchedulerSeesTheError) {
  RawClient client(server_->port());
  const auto filter = client.Post("/v1/filter", GetParam().body);
  ASSERT_TRUE(filter.has_value());
  EXPECT_EQ(filter->status, 200);
  const auto json = nlohmann::json::parse(filter->body);
  EXPECT_NE(json.at("Error"), "");
  EXPECT_EQ(json.at("NodeNames"), nlohmann::json::array());
  const auto bind = client.Post("/v1/bind", GetParam().body);
  ASSERT_TRUE(bind.has_value());
  EXPECT_EQ(bind->status, 200);
  EXPECT_NE(nlohmann::json::parse(bind->body).at("Error"), "");
  EXPECT_EQ(client.Post("/v1/prioritize", GetParam().body)->status, 422);
  EXPECT_EQ(client.Post("/v1/preempt", GetParam().body)->status, 422);
}

INSTANTIATE_TEST_SUITE_P(
    Extender, BadBodies,
    testing::ValuesIn(std::vector<BadBody>{
        {"Truncated", Wire("filter.json").substr(0, 500)},
        {"NotUtf8", "{\"Pod\":{\"metadata\":{\"name\":\"\xc3\x28\"}},\"NodeNames\":[]}"},
        {"WrongTypes", R"({"Pod":[1],"NodeNames":{"a":1},"NodeNameToMetaVictims":7,"PodName":[]})"},
        {"DeeplyNested", R"({"Pod":)" + Repeat("[", 1000000) + Repeat("]", 1000000) + R"(,"NodeNames":[]})"},
        {"DeeplyNestedAndOpen", R"({"Pod":)" + Repeat("{\"a\":", 1000000)},
        {"NullNodeNames", R"({"Pod":{"metadata":{"name":"p"}},"Nodes":null,"NodeNames":null})"},
        {"WholeNodes", Wire("filter_whole_nodes.json")},
        {"Number", "17"},
    }),
    [](const auto& info) { return info.param.name; });

TEST_F(BadInput, AHundredMegabytesAreTooLong) {
  const std::string body(100 << 20, ' ');
  for (const char* path : {"/v1/filter", "/v1/bind"}) {
    RawClient client(server_->port());
    const auto response = client.Post(path, body);
    ASSERT_TRUE(response.has_value());
    EXPECT_EQ(response->status, 413);
    EXPECT_EQ(response->body, R"({"Error":"the body is longer than 67108864 bytes"})");
  }
}

TEST_F(BadInput, AHundredMegabytesInChunksAreTooLong) {
  RawClient client(server_->port());
  ASSERT_TRUE(client.Send("POST /v1/filter HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"));
  const std::string chunk = "100000\r\n" + std::string(1 << 20, ' ') + "\r\n";
  for (int i = 0; i < 100 && client.Send(chunk); ++i) {
  }
  client.Send("0\r\n\r\n");
  const auto response = client.Receive();
  // The server stops reading in the middle: the answer or the end of the
  // connection may come first.
  if (response.has_value()) {
    EXPECT_EQ(response->status, 413);
  }
}

TEST_F(BadInput, ABodyInChunksIsAsGoodAsAnother) {
  RawClient client(server_->port());
  const std::string body = Wire("filter.json");
  ASSERT_TRUE(client.Send(absl::StrCat("POST /v1/filter HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
                                       absl::Hex(body.size()), "\r\n", body, "\r\n0\r\n\r\n")));
  EXPECT_THAT(client.Receive()->body, HasSubstr(R"("NodeNames":["node-a")"));
}

struct BadRequest {
  const char* name;
  std::string bytes;
  int status;
};
void PrintTo(const BadRequest& c, std::ostream* out) { *out << c.name; }

class BadRequests : public BadInput, public testing::WithParamInterface<BadRequest> {};

TEST_P(BadRequests, AreAnsweredAndTheirConnectionIsClosed) {
  RawClient client(server_->port());
  ASSERT_TRUE(client.Send(GetParam().bytes));
  const auto response = client.Receive();
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(response->status, GetParam().status);
  EXPECT_EQ(response->headers.at("connection"), "close");
  EXPECT_TRUE(client.ClosedByServer(absl::Seconds(5)));
}

INSTANTIATE_TEST_SUITE_P(
    Extender, BadRequests,
    testing::ValuesIn(std::vector<BadRequest>{
        {"NoHttp", "hello\r\n\r\n", 400},
        {"TlsHello", std::string("\x16\x03\x01\x00\xf8\x01\x00\n\n", 9), 400},
        {"AVeryLongPath", "GET /" + std::string(100000, 'a') + " HTTP/1.1\r\n\r\n", 414},
        {"AVeryLongHeader", "GET /healthz HTTP/1.1\r\nX: " + std::string(100000, 'a') + "\r\n\r\n", 400},
        {"APostToNowhere", PostBytes("/v1/nothing", "{}"), 404},
        {"APut", "PUT /v1/filter HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}", 405},
        {"AForm",
         "POST /v1/filter HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=x\r\n"
         "Content-Length: 5\r\n\r\n--x--",
         415},
        {"ANegativeLength", "POST /v1/filter HTTP/1.1\r\nContent-Length: -5\r\n\r\n{}", 400},
        {"ALengthThatIsNoNumber", "POST /v1/filter HTTP/1.1\r\nContent-Length: abc\r\n\r\n{}", 400},
        {"ABodyWithAGet", "GET /healthz HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}", 200},
    }),
    [](const auto& info) { return info.param.name; });

TEST_F(BadInput, AWideRangeHeaderDoesNotOverflowAStack) {
  RawClient client(server_->port());
  std::string ranges = "bytes=0-1";
  while (ranges.size() < 8000) ranges += ",0-1";
  ASSERT_TRUE(client.Send(absl::StrCat("GET /healthz HTTP/1.1\r\nRange: ", ranges, "\r\n\r\n")));
  EXPECT_TRUE(client.Receive().has_value());
}

TEST_F(BadInput, LinesWithoutAnEndAreGivenUp) {
  RawClient client(server_->port());
  const std::string some(1 << 16, 'a');
  bool open = true;
  for (int i = 0; i < 1024 && open; ++i) open = client.Send(some);
  EXPECT_FALSE(open);  // long before all 64 MB
}

TEST_F(BadInput, AVerbWithoutABodyIsTold) {
  RawClient client(server_->port());
  ASSERT_TRUE(client.Send("POST /v1/filter HTTP/1.1\r\n\r\n"));
  EXPECT_EQ(client.Receive()->status, 415);
  EXPECT_EQ(client.Post("/v1/filter", Wire("filter.json"))->status, 200);
}

TEST_F(BadInput, ACallerThatLeavesInTheMiddleOfItsRequestIsForgotten) {
  const std::string request = PostBytes("/v1/filter", Wire("filter.json"));
  for (size_t length = 1; length < request.size(); length += 97) {
    RawClient closes(server_->port());
    ASSERT_TRUE(closes.Send(request.substr(0, length)));
    closes.Close();
    RawClient resets(server_->port());
    ASSERT_TRUE(resets.Send(request.substr(0, length)));
    resets.Reset();
  }
}

}  // namespace
}  // namespace muster
