// SPDX-License-Identifier: Apache-2.0
#include "server/kube/cluster_watch.h"

#include <algorithm>
#include <fstream>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "test/server/kube/fake_api_server.h"

namespace muster::kube {
namespace {

using test::FakeApiServer;
using Answer = FakeApiServer::Answer;
using Call = FakeApiServer::Call;

constexpr const char* kNodes = "/api/v1/nodes";
constexpr const char* kNamespaces = "/api/v1/namespaces";
constexpr const char* kPods = "/api/v1/pods";
constexpr const char* kNative = "/apis/scheduling.k8s.io/v1alpha3/podgroups";

std::string Node(const std::string& name, const std::string& version = "1") {
  return absl::StrCat(R"({"metadata":{"name":")", name, R"(","resourceVersion":")", version,
                      R"("},"status":{"allocatable":{"cpu":"8","pods":"110"}}})");
}
std::string List(const std::string& items, const std::string& version, const std::string& more = "") {
  return absl::StrCat(R"({"metadata":{"resourceVersion":")", version, R"(","continue":")", more,
                      R"("},"items":[)", items, "]}");
}
std::string Event(const std::string& type, const std::string& object) {
  return absl::StrCat(R"({"type":")", type, R"(","object":)", object, "}\n");
}

class ClusterWatchTest : public testing::Test {
 protected:
  ClusterWatchTest() {
    api_.Serve(kNodes, List(Node("a"), "10"));
    api_.Serve(kPods, List("", "10"));
    api_.Serve(kNamespaces, List("", "10"));
  }

  void Start() {
    ClusterWatch::Options options;
    options.first_pause = absl::Milliseconds(10);
    options.longest_pause = absl::Milliseconds(20);
    options.missing_pause = absl::Milliseconds(200);
    options.patience = absl::Milliseconds(200);
    Access access = api_.access();
    access.token.file = token_file_;
    watch_ = std::make_unique<ClusterWatch>(access, options, [this](std::shared_ptr<const ClusterView> view) {
      absl::MutexLock lock(&mu_);
      view_ = std::move(view);
    });
  }

  std::string Nodes() {
    absl::MutexLock lock(&mu_);
    std::vector<std::string> names;
    view_->nodes().ForEach([&](const NodeName& name, const NodeState&) { names.push_back(name.text()); });
    return absl::StrJoin(names, " ");
  }
  bool ShowsNodes(const std::string& names) {
    return FakeApiServer::Eventually([&] { return watch_->Ready() && Nodes() == names; });
  }
  int64_t CallsTo(const std::string& beginning) {
    const auto calls = api_.calls();
    return std::count_if(calls.begin(), calls.end(),
                         [&](const Call& call) { return call.target.rfind(beginning, 0) == 0; });
  }

  FakeApiServer api_;
  std::string token_file_;
  absl::Mutex mu_;
  std::shared_ptr<const ClusterView> view_ ABSL_GUARDED_BY(mu_) = std::make_shared<const ClusterView>();
  std::unique_ptr<ClusterWatch> watch_;
};

TEST_F(ClusterWatchTest, ListsAndThenFollowsTheWatch) {
  Start();
  ASSERT_TRUE(ShowsNodes("a"));
  api_.Stream(kNodes, Event("ADDED", Node("b", "11")));
  EXPECT_TRUE(ShowsNodes("a b"));
  api_.Stream(kNodes, Event("DELETED", Node("a", "12")));
  EXPECT_TRUE(ShowsNodes("b"));
}

TEST_F(ClusterWatchTest, KnowsWhatMadeAJobAsLongAsTheJobIsThere) {
  const std::string path = "/apis/batch/v1/jobs";
  const std::string job =
      R"({"metadata":{"name":"nightly-1","namespace":"ml","resourceVersion":"11","ownerReferences":[)"
      R"({"apiVersion":"batch/v1","kind":"CronJob","name":"nightly","controller":true}]},"spec":{}})";
  const auto owner = [&] {
    absl::MutexLock lock(&mu_);
    const Owner* found = view_->owners().Find({"Job.batch", GangId("ml", "nightly-1")});
    return found == nullptr ? "" : absl::StrCat(found->kind, " ", found->name);
  };
  api_.Serve(path, List("", "10"));
  Start();
  ASSERT_TRUE(ShowsNodes("a"));
  EXPECT_EQ(owner(), "");
  api_.Stream(path, Event("ADDED", job));
  EXPECT_TRUE(FakeApiServer::Eventually([&] { return owner() == "CronJob nightly"; }));
  api_.Stream(path, Event("DELETED", job));
  EXPECT_TRUE(FakeApiServer::Eventually([&] { return owner().empty(); }));
}

TEST_F(ClusterWatchTest, FollowsTheLabelsOfNamespaces) {
  const auto ns = [](const std::string& version, const std::string& team) {
    return absl::StrCat(R"({"metadata":{"name":"ml","resourceVersion":")", version, R"(","labels":{"team":")",
                        team, R"("}}})");
  };
  api_.Serve(kNamespaces, List(ns("10", "a"), "10"));
  const auto shows = [&](const std::string& team) {
    return FakeApiServer::Eventually([&] {
      absl::MutexLock lock(&mu_);
      return view_->NamespaceLabels("ml")["team"] == team;
    });
  };
  Start();
  EXPECT_TRUE(shows("a"));
  api_.Stream(kNamespaces, Event("MODIFIED", ns("11", "b")));
  EXPECT_TRUE(shows("b"));
  api_.Stream(kNamespaces, Event("DELETED", ns("12", "b")));
  EXPECT_TRUE(shows(""));
}

TEST_F(ClusterWatchTest, ReadsEventsHoweverTheyAreCut) {
  Start();
  const std::string text = Event("ADDED", Node("b", "11")) + Event("ADDED", Node("c", "12"));
  for (const char byte : text) api_.Stream(kNodes, std::string(1, byte));
  EXPECT_TRUE(ShowsNodes("a b c"));
}

TEST_F(ClusterWatchTest, ReadsListsInPages) {
  api_.On("GET", "/api/v1/nodes?limit=500", [](const Call& call) {
    const bool second = call.target.find("continue=next%2Fpage") != std::string::npos;
    return second ? Answer{200, List(Node("b"), "10"), ""}
                  : Answer{200, List(Node("a"), "10", "next/page"), ""};
  });
  Start();
  EXPECT_TRUE(ShowsNodes("a b"));
}

TEST_F(ClusterWatchTest, ResumesWhereTheWatchEndedAndKnowsItByBookmarks) {
  Start();
  api_.Stream(kNodes, Event("BOOKMARK", R"({"metadata":{"resourceVersion":"77"}})"));
  api_.EndWatch(kNodes);
  EXPECT_TRUE(FakeApiServer::Eventually([&] {
    const auto calls = api_.calls();
    return std::any_of(calls.begin(), calls.end(), [](const Call& call) {
      return call.target.find("nodes?watch=1") != std::string::npos &&
             call.target.find("resourceVersion=77") != std::string::npos;
    });
  }));
  EXPECT_EQ(CallsTo("/api/v1/nodes?limit"), 1);
}

TEST_F(ClusterWatchTest, AnExpiredWatchIsListedAnewAndDeletionsAreNoticed) {
  Start();
  ASSERT_TRUE(ShowsNodes("a"));
  api_.Serve(kNodes, List(Node("b", "90"), "90"));
  api_.Stream(kNodes, Event("ERROR", R"({"kind":"Status","code":410,"message":"too old resource version"})"));
  EXPECT_TRUE(ShowsNodes("b"));
}

TEST_F(ClusterWatchTest, TheOldViewServesUntilTheNewListIsComplete) {
  Start();
  ASSERT_TRUE(ShowsNodes("a"));
  absl::Mutex mu;
  bool may_answer = false;
  api_.On("GET", "/api/v1/nodes?limit", [&](const Call&) {
    absl::MutexLock lock(&mu);
    mu.Await(absl::Condition(&may_answer));
    return Answer{200, List(Node("b", "90"), "90"), ""};
  });
  std::atomic<bool> expired = true;
  api_.On("GET", "/api/v1/nodes?watch", [&](const Call&) { return Answer{expired ? 410 : 200, "", ""}; });
  api_.EndWatch(kNodes);
  ASSERT_TRUE(FakeApiServer::Eventually([&] { return CallsTo("/api/v1/nodes?limit") == 2; }));
  EXPECT_EQ(Nodes(), "a");
  expired = false;
  {
    absl::MutexLock lock(&mu);
    may_answer = true;
  }
  EXPECT_TRUE(ShowsNodes("b"));
}

struct TroubleCase {
  std::string name;
  Answer answer;
};
void PrintTo(const TroubleCase& c, std::ostream* out) { *out << c.name; }

class Trouble : public ClusterWatchTest, public testing::WithParamInterface<TroubleCase> {};

TEST_P(Trouble, AtTheStartMeansNotReadyUntilItIsOver) {
  std::atomic<bool> over = false;
  api_.On("GET", "/api/v1/nodes?limit", [&](const Call&) {
    return over ? Answer{200, List(Node("a"), "10"), ""} : GetParam().answer;
  });
  Start();
  ASSERT_TRUE(FakeApiServer::Eventually([&] { return CallsTo("/api/v1/nodes?limit") >= 3; }));
  EXPECT_FALSE(watch_->Ready());
  over = true;
  EXPECT_TRUE(ShowsNodes("a"));
}

TEST_P(Trouble, LaterMakesTheViewOutOfDateUntilItIsOver) {
  Start();
  ASSERT_TRUE(ShowsNodes("a"));
  std::atomic<bool> over = false;
  const auto answer = [&](const Call& call) {
    const bool watch = call.target.find("watch=1") != std::string::npos;
    if (!over) return GetParam().answer;
    return watch ? Answer{200, "", ""} : Answer{200, List(Node("b"), "20"), ""};
  };
  api_.On("GET", "/api/v1/nodes?limit", answer);
  api_.On("GET", "/api/v1/nodes?watch", answer);
  api_.EndWatch(kNodes);
  EXPECT_TRUE(FakeApiServer::Eventually([&] { return !watch_->Ready(); }));
  EXPECT_EQ(Nodes(), "a");
  over = true;
  EXPECT_TRUE(FakeApiServer::Eventually([&] { return watch_->Ready(); }));
  api_.Stream(kNodes, Event("ADDED", Node("c", "30")));
  EXPECT_TRUE(FakeApiServer::Eventually([&] { return Nodes().find('c') != std::string::npos; }));
}

INSTANTIATE_TEST_SUITE_P(Kube, Trouble,
                         testing::Values(TroubleCase{"ServerError", {500, "oops", ""}},
                                         TroubleCase{"TooManyRequests", {429, "{}", "0"}},
                                         TroubleCase{"Forbidden", {403, "{}", ""}},
                                         TroubleCase{"NotFound", {404, "404 page not found\n", ""}},
                                         TroubleCase{"Garbage", {200, "\x01\x02 garbage\n", ""}},
                                         TroubleCase{"AnotherShape", {200, "[1,2,3]\n", ""}}),
                         [](const auto& info) { return info.param.name; });

TEST_F(ClusterWatchTest, ARefusedTokenIsReadAnewFromItsFile) {
  token_file_ = testing::TempDir() + "/cluster_watch_test_token";
  std::ofstream(token_file_) << "old\n";
  std::atomic<bool> rotated = false;
  api_.On("GET", "/api/v1/nodes?limit", [&](const Call& call) {
    return call.authorization == (rotated ? "Bearer new" : "Bearer old")
               ? Answer{200, List(Node("a"), "10"), ""}
               : Answer{401, "{}", ""};
  });
  rotated = true;
  std::ofstream(token_file_) << "old\n";
  Start();
  ASSERT_TRUE(FakeApiServer::Eventually([&] { return CallsTo("/api/v1/nodes?limit") >= 2; }));
  std::ofstream(token_file_) << "new\n";
  EXPECT_TRUE(ShowsNodes("a"));
}

TEST_F(ClusterWatchTest, AKindThatIsInstalledLaterIsNoticed) {
  Start();
  ASSERT_TRUE(ShowsNodes("a"));
  api_.Serve(
      kNative,
      List(
          R"({"metadata":{"name":"train","namespace":"ml"},"spec":{"schedulingPolicy":{"gang":{"minCount":4}}}})",
          "5"));
  EXPECT_TRUE(FakeApiServer::Eventually([&] {
    absl::MutexLock lock(&mu_);
    const auto* found = view_->FindDeclaration({"PodGroup.scheduling.k8s.io", GangId("ml", "train")});
    return found != nullptr && found->min_members == 4;
  }));
}

TEST_F(ClusterWatchTest, FollowsCompositePodGroups) {
  constexpr const char* kComposite = "/apis/scheduling.k8s.io/v1alpha3/compositepodgroups";
  const std::string job =
      R"({"metadata":{"name":"job","namespace":"ml"},"spec":{"schedulingPolicy":{"gang":{"minGroupCount":2}}}})";
  api_.Serve(kComposite, List(job, "5"));
  const auto shows = [&](bool there) {
    return FakeApiServer::Eventually([&] {
      absl::MutexLock lock(&mu_);
      const auto* found =
          view_->FindDeclaration({"CompositePodGroup.scheduling.k8s.io", GangId("ml", "job")});
      return (found != nullptr && found->min_groups == 2) == there;
    });
  };
  Start();
  EXPECT_TRUE(shows(true));
  api_.Stream(kComposite, Event("DELETED", job));
  EXPECT_TRUE(shows(false));
}

TEST_F(ClusterWatchTest, AWatchThatEndsAtOnceIsNotAskedAgainAtOnceAndMakesTheViewOutOfDate) {
  Start();
  ASSERT_TRUE(ShowsNodes("a"));
  std::atomic<bool> over = false;
  api_.On("GET", "/api/v1/nodes?watch", [&](const Call&) {
    return over ? Answer{200, "", ""} : Answer{200, "\n", ""};  // one empty line, and the end
  });
  api_.EndWatch(kNodes);
  EXPECT_TRUE(FakeApiServer::Eventually([&] { return !watch_->Ready(); }));
  // At least half of the longest pause lies between two of them, so in the
  // patience of 200 ms there is room for 20; one after the other they are hundreds.
  EXPECT_LT(CallsTo("/api/v1/nodes?watch"), 100);
  over = true;
  EXPECT_TRUE(FakeApiServer::Eventually([&] { return watch_->Ready(); }));
}

TEST_F(ClusterWatchTest, TopologiesAreReadWhereTheirKindIsInstalled) {
  constexpr const char* kTopologies = "/apis/kueue.x-k8s.io/v1beta1/topologies";
  const auto named = [](const std::string& name, const std::string& version) {
    return absl::StrCat(R"({"metadata":{"name":")", name, R"(","resourceVersion":")", version,
                        R"("},"spec":{"levels":[{"nodeLabel":"rack"}]}})");
  };
  api_.Serve(kTopologies, List(absl::StrCat(named("a", "1"), ",", named("b", "2")), "5"));
  Start();
  const auto has = [&](const std::string& name) {
    absl::MutexLock lock(&mu_);
    return view_ != nullptr && view_->topology_objects().Find({"Topology.kueue.x-k8s.io", name}) != nullptr;
  };
  EXPECT_TRUE(FakeApiServer::Eventually([&] { return has("a") && has("b"); }));
  api_.Stream(kTopologies, Event("DELETED", named("a", "6")));
  api_.Stream(kTopologies, Event("ADDED", named("c", "7")));
  EXPECT_TRUE(FakeApiServer::Eventually([&] { return has("c"); }));
  EXPECT_FALSE(has("a"));
}

TEST_F(ClusterWatchTest, TheObjectsOfAKindThatIsUninstalledAreGone) {
  api_.Serve(
      kNative,
      List(
          R"({"metadata":{"name":"train","namespace":"ml"},"spec":{"schedulingPolicy":{"gang":{"minCount":4}}}})",
          "5"));
  Start();
  const auto declared = [&] {
    absl::MutexLock lock(&mu_);
    return view_->FindDeclaration({"PodGroup.scheduling.k8s.io", GangId("ml", "train")}) != nullptr;
  };
  EXPECT_TRUE(FakeApiServer::Eventually(declared));
  api_.On("GET", std::string(kNative), [](const Call&) { return Answer{404, "{}", ""}; });
  for (const char* query : {"?limit", "?watch"}) {
    api_.On("GET", absl::StrCat(kNative, query), [](const Call&) { return Answer{404, "{}", ""}; });
  }
  api_.EndWatch(kNative);
  EXPECT_TRUE(FakeApiServer::Eventually([&] { return !declared(); }));
}

TEST_F(ClusterWatchTest, EachPodGroupOfAWorkloadComesAndGoesWithIt) {
  constexpr const char* kWorkloads = "/apis/scheduling.k8s.io/v1alpha1/workloads";
  const std::string workload =
      R"({"metadata":{"name":"train","namespace":"ml","resourceVersion":"5"},"spec":)"
      R"({"podGroups":[{"name":"a","policy":{"gang":{"minCount":2}}},)"
      R"({"name":"b","policy":{"basic":{}}}]}})";
  api_.Serve(kWorkloads, List(workload, "5"));
  Start();
  const auto declared = [&] {
    absl::MutexLock lock(&mu_);
    return (view_->FindDeclaration({"Workload.scheduling.k8s.io", GangId("ml", "train:a")}) != nullptr) +
           (view_->FindDeclaration({"Workload.scheduling.k8s.io", GangId("ml", "train:b")}) != nullptr);
  };
  EXPECT_TRUE(FakeApiServer::Eventually([&] { return declared() == 2; }));
  api_.Stream(kWorkloads, Event("DELETED", workload));
  EXPECT_TRUE(FakeApiServer::Eventually([&] { return declared() == 0; }));
}

TEST_F(ClusterWatchTest, ABoundPodThatCantBeReadTakesItsWholeNodeUntilItIsDeleted) {
  const std::string bad = R"({"metadata":{"namespace":"ml","name":"odd","uid":"u","labels":["a"]},)"
                          R"("spec":{"nodeName":"a"},"status":{"phase":"Running"}})";
  api_.Serve(kPods, List(bad, "10"));
  Start();
  ASSERT_TRUE(ShowsNodes("a"));
  const auto free_slots = [&] {
    absl::MutexLock lock(&mu_);
    return view_->FindNode(NodeName("a"))->free.pods;
  };
  EXPECT_LT(free_slots(), 0);
  api_.Stream(kPods, Event("DELETED", bad));
  EXPECT_TRUE(FakeApiServer::Eventually([&] { return free_slots() == 110; }));
}

TEST_F(ClusterWatchTest, OneBadObjectDoesNotStopTheOthers) {
  api_.Serve(kNodes,
             List(absl::StrCat(R"({"metadata":{"name":"bad"},"status":{"allocatable":{"cpu":"lots"}}},)",
                               Node("good")),
                  "10"));
  Start();
  EXPECT_TRUE(ShowsNodes("good"));
  EXPECT_EQ(watch_->undecodable(), 1);
}

TEST_F(ClusterWatchTest, FinishedPodsWithoutAGangAreNotKept) {
  const auto pod = [](const std::string& name, const std::string& labels) {
    return absl::StrCat(R"({"metadata":{"namespace":"ml","name":")", name, R"(","labels":)", labels,
                        R"(},"spec":{},"status":{"phase":"Succeeded"}})");
  };
  api_.Serve(kPods, List(absl::StrCat(pod("plain", "{}"), ",",
                                      pod("member", R"({"muster.dev/gang":"g","muster.dev/gang-size":"1"})")),
                         "10"));
  Start();
  ASSERT_TRUE(ShowsNodes("a"));
  absl::MutexLock lock(&mu_);
  EXPECT_EQ(view_->pods().size(), 1u);
  EXPECT_NE(view_->FindPod(PodName("ml", "member")), nullptr);
}

}  // namespace
}  // namespace muster::kube
