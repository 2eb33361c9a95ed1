// SPDX-License-Identifier: Apache-2.0
// manifests/base/rbac.yaml allows what Muster's calls to the API server need, and
// nothing else. The calls are made, so that no list of them can grow old.
#include <fstream>
#include <future>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "scheduling/declare/ecosystem.h"
#include "scheduling/declare/topology_kind.h"
#include "server/embedded/manifests.h"
#include "server/kube/cluster_watch.h"
#include "server/kube/kube_api.h"
#include "server/kube/kube_lead.h"
#include "test/server/kube/fake_api_server.h"

namespace muster::kube {
namespace {

using test::FakeApiServer;
using Call = FakeApiServer::Call;
// "VERB RESOURCE.GROUP", as `kubectl auth can-i` has them.
using Rights = std::set<std::string>;

constexpr char kEmpty[] = R"({"metadata":{"resourceVersion":"1"},"items":[]})";

std::string Right(const std::string& verb, const std::string& resource, const std::string& group) {
  return absl::StrCat(verb, " ", resource, group.empty() ? "" : ".", group);
}

// Those of every object of this kind in the file.
Rights Allowed(const std::string& kind) {
  std::ostringstream text;
  text << std::ifstream(absl::StrCat(MUSTER_TEST_DATA, "/../manifests/base/rbac.yaml")).rdbuf();
  const auto documents = ParseDocuments(text.str());
  EXPECT_TRUE(documents.ok()) << documents.status();
  Rights rights;
  for (const auto& document : *documents) {
    if (document.value("kind", "") != kind) continue;
    for (const auto& rule : document.at("rules")) {
      for (const std::string group : rule.at("apiGroups")) {
        for (const std::string resource : rule.at("resources")) {
          for (const std::string verb : rule.at("verbs")) rights.insert(Right(verb, resource, group));
        }
      }
    }
  }
  return rights;
}

// What the API server asks its authorizer about a call.
// Source: k8s.io/apiserver/pkg/endpoints/request, of Kubernetes 1.37.
std::vector<std::string> Needed(const Call& call) {
  const std::vector<std::string> target = absl::StrSplit(call.target, absl::MaxSplits('?', 1));
  std::vector<std::string> path = absl::StrSplit(target[0], '/', absl::SkipEmpty());
  const bool core = path.at(0) == "api";
  const std::string group = core ? "" : path.at(1);
  path.erase(path.begin(), path.begin() + (core ? 2 : 3));
  if (path.size() > 2 && path[0] == "namespaces") path.erase(path.begin(), path.begin() + 2);
  const bool named = path.size() > 1;
  const std::string resource = path.size() > 2 ? absl::StrCat(path[0], "/", path[2]) : path[0];
  if (call.method == "POST") return {Right("create", resource, group)};
  if (call.method == "DELETE") return {Right("delete", resource, group)};
  if (call.method == "PUT") return {Right("update", resource, group)};
  if (call.method == "PATCH" && absl::StrContains(call.content_type, "apply-patch")) {
    return {Right("patch", resource, group), Right("create", resource, group)};
  }
  if (call.method == "PATCH") return {Right("patch", resource, group)};
  EXPECT_EQ(call.method, "GET");
  const bool watch = target.size() > 1 && absl::StrContains(target[1], "watch=");
  return {Right(named ? "get" : watch ? "watch" : "list", resource, group)};
}

class Rbac : public testing::Test {
 protected:
  Rights NeededSoFar() const {
    Rights needed;
    for (const Call& call : server_.calls()) {
      for (std::string& right : Needed(call)) needed.insert(std::move(right));
    }
    return needed;
  }

  // Whatever the answer is.
  template <typename Start>
  void Await(Start start) {
    std::promise<void> done;
    start([&](const auto&) { done.set_value(); });
    done.get_future().wait();
  }

  void ServeCustom(const declare::CustomResource& kind) {
    server_.Serve(absl::StrCat("/apis/", kind.group, "/", kind.versions.front(), "/", kind.plural), kEmpty);
  }

  FakeApiServer server_;
};

TEST_F(Rbac, TheRightsInTheWholeClusterAreThoseThatWatchingAndWritingNeeds) {
  for (const char* path :
       {"/api/v1/nodes", "/api/v1/pods", "/api/v1/namespaces", "/apis/policy/v1/poddisruptionbudgets",
        "/apis/karpenter.sh/v1alpha1/nodeoverlays", "/apis/resource.k8s.io/v1/resourceslices",
        "/apis/resource.k8s.io/v1/deviceclasses", "/apis/resource.k8s.io/v1/resourceclaims",
        "/apis/resource.k8s.io/v1/resourceclaimtemplates"})
    server_.Serve(path, kEmpty);
  for (const declare::Ecosystem* ecosystem : declare::Ecosystems()) {
    if (const auto kind = ecosystem->object()) ServeCustom(*kind);
  }
  server_.Serve("/apis/autoscaling.x-k8s.io/v1/provisioningrequests", kEmpty);
  for (const declare::TopologyKind* topology : declare::TopologyKinds()) ServeCustom(topology->object());
  const ClusterWatch watch(server_.access(), {}, [](auto) {});

  KubeApi api(server_.access(), absl::Seconds(5));
  const PodVersion pod{PodName("ml", "w-0"), PodUid("u1"), "42"};
  Await([&](auto done) { api.Bind(pod, NodeName("n1"), {}, done); });
  Await([&](auto done) { api.Nominate(pod, NodeName("n1"), done); });
  Await([&](auto done) { api.Annotate(pod, {{"muster.dev/epoch", "1"}}, done); });
  Await([&](auto done) { api.Evict(pod, done); });
  Await([&](auto done) { api.Read(pod.name, done); });
  Await([&](auto done) { api.Ungate({pod.name, pod.uid, {}}, done); });
  server_.On("GET", "/api/v1/namespaces/ml/pods/w-0", [](const Call&) {
    return FakeApiServer::Answer{200, "{}", ""};
  });
  server_.On("POST", "/api/v1/namespaces/ml/podtemplates", [](const Call&) {
    return FakeApiServer::Answer{201, "{}", ""};
  });
  server_.On("DELETE", "/", [](const Call&) { return FakeApiServer::Answer{200, "{}", ""}; });
  ProvisioningOrder order{.name = "r", .gang = GangId("ml", "train"), .attempt = 0, .what = "", .sets = {}};
  order.sets.push_back({pod.name, 1, {}});
  Await([&](auto done) { api.Ask(order, done); });
  ProvisioningRequest request;
  request.ns = "ml";
  request.name = "r";
  request.gang = order.gang;
  request.templates = {"r-0"};
  Await([&](auto done) { api.Withdraw(request, done); });

  Rights allowed = Allowed("ClusterRole");
  // The admission policy asks for it, whatever Muster calls.
  EXPECT_EQ(allowed.erase(Right("write", "annotations", "muster.dev")), 1u);
  FakeApiServer::Eventually([&] { return NeededSoFar() == allowed; });
  EXPECT_THAT(NeededSoFar(), testing::ContainerEq(allowed));
}

TEST_F(Rbac, TheRightsInMustersNamespaceAreThoseThatLeadingNeeds) {
  KubeLead lead(server_.access(), {"muster", "muster", "muster"}, absl::Seconds(5));
  Lease lease;
  lease.holder = "a";
  Await([&](auto done) { lead.ReadLease(done); });
  Await([&](auto done) { lead.WriteLease(lease, done); });
  lease.version = "4";
  Await([&](auto done) { lead.WriteLease(lease, done); });
  Await([&](auto done) { lead.Announce({"10.0.0.7", 8080, 9090}, done); });
  Await([&](auto done) { lead.Retract("10.0.0.7", done); });
  EXPECT_THAT(NeededSoFar(), testing::ContainerEq(Allowed("Role")));
}

}  // namespace
}  // namespace muster::kube
