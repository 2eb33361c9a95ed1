// SPDX-License-Identifier: Apache-2.0
//
// Lists that the API server streams (WatchList), and access that changes while
// the program runs.
#include <algorithm>
#include <memory>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/kube/cluster_watch.h"
#include "test/server/kube/fake_api_server.h"
#include "test/server/tls/keys.h"

namespace muster::kube {
namespace {

using test::FakeApiServer;
using Answer = FakeApiServer::Answer;
using Call = FakeApiServer::Call;

constexpr const char* kNodes = "/api/v1/nodes";
constexpr const char* kEmptyList = R"({"metadata":{"resourceVersion":"10"},"items":[]})";
constexpr const char* kNodeList =
    R"({"metadata":{"resourceVersion":"10"},"items":[{"metadata":{"name":"listed"},"status":{"allocatable":{"cpu":"8"}}}]})";

std::string Event(const std::string& type, const std::string& metadata) {
  return absl::StrCat(R"({"type":")", type, R"(","object":{"metadata":{)", metadata,
                      R"(},"status":{"allocatable":{"cpu":"8"}}}})", "\n");
}
std::string Added(const std::string& name) { return Event("ADDED", absl::StrCat(R"("name":")", name, "\"")); }
std::string End(const std::string& version) {
  return Event("BOOKMARK", absl::StrCat(R"("resourceVersion":")", version,
                                        R"(","annotations":{"k8s.io/initial-events-end":"true"})"));
}

class ClusterStreamTest : public testing::Test {
 protected:
  void Serve(FakeApiServer& api) {
    api.Serve("/api/v1/pods", kEmptyList);
    api.Serve("/api/v1/namespaces", kEmptyList);
    api.Serve(kNodes, kNodeList);
  }

  void Start(Access access) {
    ClusterWatch::Options options;
    options.first_pause = absl::Milliseconds(10);
    options.longest_pause = absl::Milliseconds(20);
    options.missing_pause = absl::Milliseconds(200);
    options.patience = absl::Milliseconds(200);
    watch_ = std::make_unique<ClusterWatch>(std::move(access), options,
                                            [this](std::shared_ptr<const ClusterView> view) {
                                              absl::MutexLock lock(&mu_);
                                              view_ = std::move(view);
                                            });
  }

  std::string Nodes() {
    absl::MutexLock lock(&mu_);
    std::vector<std::string> names;
    if (view_ != nullptr) {
      view_->nodes().ForEach([&](const NodeName& name, const NodeState&) { names.push_back(name.text()); });
    }
    return absl::StrJoin(names, " ");
  }
  bool Shows(const std::string& nodes) {
    return FakeApiServer::Eventually([&] { return watch_->Ready() && Nodes() == nodes; });
  }

  absl::Mutex mu_;
  std::shared_ptr<const ClusterView> view_ ABSL_GUARDED_BY(mu_);
  std::unique_ptr<ClusterWatch> watch_;
};

bool IsStreamedList(const Call& call) { return absl::StrContains(call.target, "sendInitialEvents=true"); }

// The streamed list of nodes is answered by an open stream.
void StreamLists(FakeApiServer& api) {
  api.On("GET", absl::StrCat(kNodes, "?watch"), [](const Call&) { return Answer{200, "", ""}; });
}

TEST_F(ClusterStreamTest, AStreamedListIsCompleteAtItsBookmarkAndGoesOnAsTheWatch) {
  FakeApiServer api;
  Serve(api);
  StreamLists(api);
  Start(api.access());
  api.Stream(kNodes, Added("a"));
  api.Stream(kNodes, Added("b"));
  // All else is read, so only the bookmark is missing.
  ASSERT_TRUE(FakeApiServer::Eventually([&] { return api.calls().size() >= 6; }));
  EXPECT_FALSE(watch_->Ready());
  api.Stream(kNodes, End("20"));
  EXPECT_TRUE(Shows("a b"));
  api.Stream(kNodes, Event("DELETED", R"("name":"a","resourceVersion":"21")"));
  EXPECT_TRUE(Shows("b"));
  for (const Call& call : api.calls()) {
    EXPECT_FALSE(absl::StartsWith(call.target, absl::StrCat(kNodes, "?limit"))) << "listed in pages, too";
    if (absl::StartsWith(call.target, kNodes)) {
      EXPECT_THAT(call.accept, testing::StartsWith("application/vnd.kubernetes.protobuf;stream=watch"));
    }
  }
}

TEST_F(ClusterStreamTest, WhatAStreamedListDoesNotNameIsGoneAtItsEndAndNotBefore) {
  FakeApiServer api;
  Serve(api);
  StreamLists(api);
  Start(api.access());
  api.Stream(kNodes, Added("a"));
  api.Stream(kNodes, End("20"));
  ASSERT_TRUE(Shows("a"));
  const size_t before = api.calls().size();
  api.Stream(kNodes, "{\"type\":\"ERROR\",\"object\":{\"code\":410,\"message\":\"too old\"}}\n");
  ASSERT_TRUE(FakeApiServer::Eventually([&] {
    const auto calls = api.calls();
    return std::count_if(calls.begin() + static_cast<long>(before), calls.end(), [](const Call& call) {
             return absl::StartsWith(call.target, kNodes) && IsStreamedList(call);
           }) == 1;
  }));
  api.Stream(kNodes, Added("b"));
  EXPECT_THAT(Nodes(), testing::HasSubstr("a"));
  api.Stream(kNodes, End("30"));
  EXPECT_TRUE(Shows("b"));
}

TEST_F(ClusterStreamTest, AStreamedListThatBreaksOffIsFollowedByOneInPages) {
  FakeApiServer api;
  Serve(api);
  api.On("GET", absl::StrCat(kNodes, "?watch"), [](const Call& call) {
    return IsStreamedList(call) ? Answer{200, Added("a"), ""} : Answer{200, "", ""};
  });
  Start(api.access());
  EXPECT_TRUE(Shows("listed"));
}

TEST_F(ClusterStreamTest, AServerThatRefusesToStreamIsNotAskedAgain) {
  FakeApiServer api;
  Serve(api);
  Start(api.access());
  ASSERT_TRUE(Shows("listed"));
  api.Stream(kNodes, "{\"type\":\"ERROR\",\"object\":{\"code\":410,\"message\":\"too old\"}}\n");
  const auto count = [&](auto matches) {
    const auto calls = api.calls();
    return std::count_if(calls.begin(), calls.end(), [&](const Call& call) {
      return absl::StartsWith(call.target, kNodes) && matches(call);
    });
  };
  ASSERT_TRUE(FakeApiServer::Eventually(
      [&] { return count([](const Call& call) { return absl::StrContains(call.target, "limit="); }) == 2; }));
  EXPECT_EQ(count(IsStreamedList), 1);
}

// What a call of this transport came to.
Reply Get(Transport& transport, const std::string& path) {
  Request request;
  request.path = path;
  Reply result;
  absl::Notification done;
  transport.Send(std::move(request), [&](const Reply& reply) {
    result = reply;
    done.Notify();
  });
  done.WaitForNotification();
  return result;
}

TEST(Transport, AnotherAuthorityIsReadFromItsFileAfterACertificateItDoesNotKnow) {
  const std::string folder = testing::TempDir();
  const test::Authority old_one("old");
  test::Authority new_one("new");
  new_one.Issue(folder, "transport_test_server");
  FakeApiServer api(folder + "/transport_test_server.crt", folder + "/transport_test_server.key");
  api.On("GET", "/version", [](const Call&) { return Answer{200, "{}", ""}; });
  Access access = api.access();
  access.ca.file = folder + "/transport_test_ca.crt";
  old_one.WriteCertificate(access.ca.file);
  Transport transport(access);
  EXPECT_TRUE(absl::IsUnavailable(Get(transport, "/version").connection));
  new_one.WriteCertificate(access.ca.file);
  EXPECT_EQ(Get(transport, "/version").code, 200);
}

}  // namespace
}  // namespace muster::kube
