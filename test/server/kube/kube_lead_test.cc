// SPDX-License-Identifier: Apache-2.0
#include "server/kube/kube_lead.h"

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
using testing::HasSubstr;
using Answer = FakeApiServer::Answer;
using Call = FakeApiServer::Call;

constexpr char kLeases[] = "/apis/coordination.k8s.io/v1/namespaces/muster/leases";
constexpr char kLease[] = "/apis/coordination.k8s.io/v1/namespaces/muster/leases/lead";
constexpr char kService[] = "/api/v1/namespaces/muster/services/calls";
constexpr char kSlice[] =
    "/apis/discovery.k8s.io/v1/namespaces/muster/endpointslices/calls-leader?fieldManager=muster&force=true";

constexpr char kSliceItself[] = "/apis/discovery.k8s.io/v1/namespaces/muster/endpointslices/calls-leader";
constexpr char kAnnounced[] =
    R"({"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice","addressType":"IPv4",
        "metadata":{"name":"calls-leader","namespace":"muster","resourceVersion":"7","managedFields":[{}]},
        "endpoints":[{"addresses":["10.0.0.7"],"conditions":{"ready":true}}]})";

constexpr char kHeld[] =
    R"({"metadata":{"name":"lead","resourceVersion":"5"},"spec":{"holderIdentity":"a","leaseDurationSeconds":15,
        "acquireTime":"2026-01-02T03:04:05.000006Z","renewTime":"2026-01-02T03:04:06.500000Z","leaseTransitions":3}})";

class KubeLeadTest : public testing::Test {
 protected:
  void On(const std::string& method, const std::string& path, int code, const std::string& body) {
    server_.On(method, path, [=](const Call&) { return Answer{code, body, ""}; });
  }
  absl::StatusOr<Lease> Read() {
    std::promise<absl::StatusOr<Lease>> promise;
    lead_.ReadLease([&](absl::StatusOr<Lease> lease) { promise.set_value(std::move(lease)); });
    return promise.get_future().get();
  }
  absl::StatusOr<Lease> Write(const Lease& lease) {
    std::promise<absl::StatusOr<Lease>> promise;
    lead_.WriteLease(lease, [&](absl::StatusOr<Lease> written) { promise.set_value(std::move(written)); });
    return promise.get_future().get();
  }
  absl::Status Announce(const LeadAddress& address) {
    std::promise<absl::Status> promise;
    lead_.Announce(address, [&](const absl::Status& status) { promise.set_value(status); });
    return promise.get_future().get();
  }
  absl::Status Retract(const std::string& ip) {
    std::promise<absl::Status> promise;
    lead_.Retract(ip, [&](const absl::Status& status) { promise.set_value(status); });
    return promise.get_future().get();
  }
  Json LastBody() { return Json::parse(server_.calls().back().body); }

  FakeApiServer server_;
  KubeLead lead_{server_.access(), {"muster", "lead", "calls"}, absl::Seconds(5)};
};

TEST_F(KubeLeadTest, ReadsWhoHoldsTheLeaseAndSinceWhen) {
  On("GET", kLease, 200, kHeld);
  const absl::StatusOr<Lease> lease = Read();
  ASSERT_TRUE(lease.ok()) << lease.status();
  EXPECT_EQ(lease->holder, "a");
  EXPECT_EQ(lease->version, "5");
  EXPECT_EQ(lease->duration, absl::Seconds(15));
  EXPECT_EQ(lease->transitions, 3);
  EXPECT_EQ(absl::FormatTime(lease->renewed, absl::UTCTimeZone()), "2026-01-02T03:04:06.5+00:00");
}

TEST_F(KubeLeadTest, ALeaseThatNobodyMadeIsNotFound) {
  On("GET", kLease, 404, "{}");
  EXPECT_TRUE(absl::IsNotFound(Read().status()));
}

TEST_F(KubeLeadTest, MakesTheLeaseWhereThereIsNoneAndReplacesThatVersionOtherwise) {
  On("POST", kLeases, 201, kHeld);
  Lease lease;
  lease.holder = "a";
  lease.duration = absl::Seconds(15);
  EXPECT_EQ(Write(lease)->version, "5");
  EXPECT_FALSE(LastBody().at("metadata").contains("resourceVersion"));
  EXPECT_EQ(LastBody().at("spec").at("leaseDurationSeconds"), 15);

  On("PUT", kLease, 200, kHeld);
  lease.version = "4";
  lease.renewed = absl::UnixEpoch() + absl::Milliseconds(1500);
  EXPECT_EQ(Write(lease)->version, "5");
  EXPECT_EQ(LastBody().at("metadata").at("resourceVersion"), "4");
  EXPECT_EQ(LastBody().at("spec").at("renewTime"), "1970-01-01T00:00:01.500000Z");
}

TEST_F(KubeLeadTest, AVersionThatSomebodyElseReplacedIsAConflict) {
  On("PUT", kLease, 409, "{}");
  Lease lease;
  lease.version = "4";
  EXPECT_TRUE(absl::IsAborted(Write(lease).status()));
}

TEST_F(KubeLeadTest, AnAnswerThatIsNoLeaseIsAnErrorAndNotALeaseThatNobodyHolds) {
  for (const std::string body :
       {"", "[]", "{}", R"({"metadata":{}})", R"({"metadata":7,"spec":{}})", "<html>"}) {
    On("GET", kLease, 200, body);
    EXPECT_TRUE(absl::IsUnavailable(Read().status())) << body;
  }
}

TEST_F(KubeLeadTest, WhatIsForbiddenIsNamed) {
  On("GET", kLease, 403, R"({"message":"leases is forbidden"})");
  EXPECT_THAT(Read().status().message(),
              HasSubstr("reading lease muster/lead: HTTP 403: leases is forbidden"));
}

TEST_F(KubeLeadTest, AppliesAnEndpointSliceOfTheServiceWithItsOwnAddress) {
  On("GET", kService, 200, R"({"metadata":{"uid":"5e"}})");
  On("PATCH", kSlice, 200, "{}");
  EXPECT_TRUE(Announce({"fd00::7", 8080, 9090}).ok());
  EXPECT_EQ(server_.calls().back().content_type, "application/apply-patch+yaml");
  const Json slice = LastBody();
  EXPECT_EQ(slice.at("metadata").at("labels").at("kubernetes.io/service-name"), "calls");
  EXPECT_EQ(slice.at("addressType"), "IPv6");
  EXPECT_EQ(slice.at("endpoints").at(0).at("addresses").at(0), "fd00::7");
  EXPECT_EQ(slice.at("ports").at(0).at("port"), 8080);
}

TEST_F(KubeLeadTest, TheSliceGoesWhenTheServiceIsDeleted) {
  On("GET", kService, 200, R"({"metadata":{"uid":"5e"}})");
  On("PATCH", kSlice, 200, "{}");
  EXPECT_TRUE(Announce({"10.0.0.7", 8080, 9090}).ok());
  EXPECT_EQ(LastBody().at("metadata").at("ownerReferences"),
            Json::parse(R"([{"apiVersion":"v1","kind":"Service","name":"calls","uid":"5e"}])"));
}

TEST_F(KubeLeadTest, AServiceThatCanNotBeReadKeepsNobodyFromBeingFound) {
  On("GET", kService, 403, R"({"message":"services is forbidden"})");
  On("PATCH", kSlice, 200, "{}");
  EXPECT_TRUE(Announce({"10.0.0.7", 8080, 9090}).ok());
  EXPECT_FALSE(LastBody().at("metadata").contains("ownerReferences"));
}

TEST_F(KubeLeadTest, WhoStopsLeavesTheServiceWithoutAnEndpointIfNobodyChangedItSince) {
  On("GET", kSliceItself, 200, kAnnounced);
  On("PATCH", kSlice, 200, "{}");
  EXPECT_TRUE(Retract("10.0.0.7").ok());
  const Json slice = LastBody();
  EXPECT_EQ(slice.at("endpoints"), Json::array());
  EXPECT_EQ(slice.at("metadata").at("resourceVersion"), "7");
  EXPECT_EQ(slice.at("addressType"), "IPv4");
  EXPECT_FALSE(slice.at("metadata").contains("managedFields")) << "no slice with these can be applied";

  On("PATCH", kSlice, 409, "{}");
  EXPECT_TRUE(absl::IsAborted(Retract("10.0.0.7")));
}

TEST_F(KubeLeadTest, WhoStopsSeesWhetherAnotherTookItsPlace) {
  const auto is_announced = [&](const std::string& ip) {
    std::promise<absl::StatusOr<bool>> promise;
    lead_.IsAnnounced(ip, [&](const absl::StatusOr<bool>& own) { promise.set_value(own); });
    return promise.get_future().get();
  };
  On("GET", kSliceItself, 200, kAnnounced);
  EXPECT_TRUE(*is_announced("10.0.0.7"));
  EXPECT_FALSE(*is_announced("10.0.0.8"));
  for (const std::string body : {"[]", "{}", R"({"endpoints": []})", R"({"endpoints": [7]})"}) {
    On("GET", kSliceItself, 200, body);
    EXPECT_FALSE(*is_announced("10.0.0.7")) << body;
  }
  On("GET", kSliceItself, 500, "{}");
  EXPECT_FALSE(is_announced("10.0.0.7").ok());
}

TEST_F(KubeLeadTest, TheEndpointOfAnotherLeaderStays) {
  for (const std::string body : {kAnnounced, "[]", "{}"}) {
    On("GET", kSliceItself, 200, body);
    const size_t before = server_.calls().size();
    EXPECT_TRUE(Retract("10.0.0.8").ok());
    EXPECT_EQ(server_.calls().size(), before + 1) << body;
  }
}

}  // namespace
}  // namespace muster::kube
