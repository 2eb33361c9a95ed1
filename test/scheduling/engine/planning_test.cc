// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "scheduling/engine/engine.h"
#include "test/support/builders.h"

namespace muster {
namespace {

using test::At;
using test::BoundTo;
using test::Published;

class Trees : public testing::Test {
 protected:
  Trees() { test::AddGang(view_, "g", 2, 8); }

  PlanJob Planned() {
    engine_.Observe(Published(view_));
    PlanJob job = engine_.Prepare(GangId("default", "g"), test::At(absl::ZeroDuration()));
    const auto result = job.Run(nullptr);
    EXPECT_TRUE(engine_.Install(job, result, At(absl::ZeroDuration())));
    return job;
  }
  PlanJob Next() {
    engine_.Observe(Published(view_));
    return engine_.Prepare(GangId("default", "g"), test::At(absl::ZeroDuration()));
  }

  ClusterView view_ = test::ClusterOf(4, 8);
  EngineOptions options_{.scheduler_names = {}, .topology = {{{"bay", "example.com/bay"}}}};
  Engine engine_{options_};
};

TEST_F(Trees, AreBuiltByTheFirstPlanAndServeTheNext) {
  const PlanJob first = Planned();
  ASSERT_NE(first.trees.topologies, nullptr);
  EXPECT_EQ(first.trees.topologies->all.front().tree.node_count(), 4);
  view_.Upsert(BoundTo(test::PodOf("other", 1), "node-00"));
  EXPECT_EQ(Next().trees.topologies, first.trees.topologies);
}

TEST_F(Trees, AreBuiltAnewWhenALabelChanges) {
  const PlanJob first = Planned();
  Node node = test::NodeOf("node-00", 8);
  node.labels["example.com/bay"] = "b1";
  view_.Upsert(node);
  EXPECT_EQ(Next().trees.topologies, nullptr);
  const PlanJob second = Planned();
  EXPECT_EQ(second.trees.topologies->all.front().key.name, "configuration");
}

TEST_F(Trees, ThatWereBuiltForAnOlderFabricAreNotTakenOver) {
  engine_.Observe(Published(view_));
  PlanJob job = engine_.Prepare(GangId("default", "g"), test::At(absl::ZeroDuration()));
  const auto result = job.Run(nullptr);
  view_.Upsert(test::NodeOf("node-99", 8));
  engine_.Observe(Published(view_));
  EXPECT_TRUE(engine_.Install(job, result, At(absl::ZeroDuration())));
  EXPECT_EQ(Next().trees.topologies, nullptr);
}

// Half of a gang is bound, and nobody comes for the other half.
std::vector<Engine::Eviction> UndoneHalf(const std::string& scheduler) {
  EngineOptions options;
  options.scheduler_names = {"default-scheduler"};
  Engine engine(options);
  ClusterView view = test::ClusterOf(2, 8);
  for (int m = 0; m < 2; ++m) {
    Pod pod = test::MemberOf("g", 2, m, 8);
    pod.scheduler_name = scheduler;
    if (m == 0) pod.node = NodeName("node-00");
    view.Upsert(pod);
  }
  engine.Observe(Published(view));
  engine.ToEvict(At(absl::ZeroDuration()));
  return engine.ToEvict(At(absl::Hours(1)));
}

TEST(ToEvict, IsTheHalfOfAGangThatWasNotCompleted) { EXPECT_EQ(UndoneHalf("default-scheduler").size(), 1u); }

TEST(ToEvict, IsNothingThatAnotherSchedulerBound) { EXPECT_TRUE(UndoneHalf("other").empty()); }

// It could never be bound: its calls would fill all connections, and time out.
TEST(Prepare, RefusesAGangOfWhichMoreMustWaitThanCan) {
  EngineOptions options;
  options.most_held = 2;
  Engine engine(options);
  ClusterView view = test::ClusterOf(3, 8);
  test::AddGang(view, "three", 3, 8);
  test::AddGang(view, "two", 2, 8);
  engine.Observe(Published(view));
  PlanJob three = engine.Prepare(GangId("default", "three"), At(absl::ZeroDuration()));
  const auto refused = three.Run(nullptr);
  ASSERT_TRUE(std::holds_alternative<Refusal>(refused));
  EXPECT_EQ(
      std::get<Refusal>(refused).text,
      "gang default/three can't be planned: 3 of its members must be bound at once, and no more than 2 bind "
      "calls can wait for each other (seven eighths of extender.maxConnections)");
  EXPECT_TRUE(std::holds_alternative<std::vector<Seat>>(
      engine.Prepare(GangId("default", "two"), At(absl::ZeroDuration())).Run(nullptr)));
  // Those that are bound already wait for nobody.
  view.Upsert(BoundTo(test::MemberOf("three", 3, 0, 8), "node-00"));
  engine.Observe(Published(view));
  EXPECT_TRUE(std::holds_alternative<std::vector<Seat>>(
      engine.Prepare(GangId("default", "three"), At(absl::ZeroDuration())).Run(nullptr)));
}

// A gang of two, planned; then an object says that it is a part of a group.
class JoinsAGroup : public testing::Test {
 protected:
  JoinsAGroup() {
    test::AddGang(view_, "g", 2, 8);
    engine_.Observe(Published(view_));
    Plan(kGang);
  }
  void Plan(const GangId& gang) {
    PlanJob job = engine_.Prepare(gang, now_);
    const auto result = job.Run(nullptr);
    EXPECT_TRUE(engine_.Install(job, result, now_));
  }
  void Join() {
    GangDeclaration group;
    group.declared_by = "group";
    group.gang = kGroup;
    group.min_groups = 1;
    view_.Upsert(group);
    GangDeclaration gang;
    gang.declared_by = "muster.dev";
    gang.gang = kGang;
    gang.min_members = 2;
    gang.group = {.field = "parent", .parent = DeclarationKey{"group", kGroup}, .gangs = {}};
    view_.Upsert(gang);
    engine_.Observe(Published(view_));
  }
  size_t Promised(const GangId& gang) {
    const Promise* promise = engine_.ledger().Find(gang);
    return promise == nullptr ? 0 : promise->seats.size();
  }

  const GangId kGang = GangId("default", "g");
  const GangId kGroup = GangId("default", "job");
  const absl::Time now_ = At(absl::ZeroDuration());
  ClusterView view_ = test::ClusterOf(3, 8);
  Engine engine_{EngineOptions{.scheduler_names = {}}};
};

TEST_F(JoinsAGroup, AndLosesItsSeats) {
  Join();
  EXPECT_EQ(Promised(kGang), 0u);
  EXPECT_EQ(engine_.ToPlan(now_), std::vector<GangId>{kGroup});
  Plan(kGroup);
  EXPECT_EQ(Promised(kGroup), 2u);
}

TEST_F(JoinsAGroup, AndTakesASeatAlongThatIsBeingBound) {
  const Seat binding = engine_.ledger().Find(kGang)->seats.front();
  engine_.BindingStarted(binding);
  Join();
  EXPECT_EQ(Promised(kGang), 0u);
  ASSERT_EQ(Promised(kGroup), 1u);
  Plan(kGroup);
  ASSERT_EQ(Promised(kGroup), 2u);
  EXPECT_EQ(engine_.ledger().Find(kGroup)->Find(binding.uid)->node, binding.node);
}

TEST_F(JoinsAGroup, AndIsReportedWithIt) {
  Join();
  EXPECT_EQ(engine_.Report(kGang)->gang, kGroup);
  EXPECT_FALSE(engine_.Report(GangId("default", "other")).ok());
}

TEST(Surplus, DoesNotKeepBeingPlannedWhileAnotherGangStandsBack) {
  EngineOptions options;
  Engine engine(options);
  ClusterView view = test::ClusterOf(2, 8);
  for (int m = 0; m < 3; ++m) {
    Pod pod = test::MemberOf("elastic", 3, m, 8);
    pod.membership->min_members = 1;
    view.Upsert(pod);
  }
  test::AddGang(view, "late", 1, 8);
  engine.Observe(Published(view));
  absl::Time now = At(absl::ZeroDuration());
  const auto plan_all = [&] {
    size_t plans = 0;
    for (std::vector<GangId> due = engine.ToPlan(now); !due.empty() && plans < 10; due = engine.ToPlan(now)) {
      for (const GangId& gang : due) {
        PlanJob job = engine.Prepare(gang, now);
        const auto result = job.Run(nullptr);
        EXPECT_TRUE(engine.Install(job, result, now));
        ++plans;
      }
    }
    return plans;
  };
  EXPECT_LT(plan_all(), 10u);
  const Seat* seat = engine.ledger().Find(GangId("default", "elastic"))->Find(PodUid("uid-elastic-0"));
  ASSERT_NE(seat, nullptr);
  view.Upsert(BoundTo(*view.FindPod(seat->pod), seat->node.text()));
  engine.Observe(Published(view));
  // Nobody comes for the other gang's seat.
  now += options.gang_deadline;
  engine.Expire(now);
  EXPECT_LT(plan_all(), 10u);
}

TEST(Report, TheKindOfAControllerMayBeLeftOutWhereThatLeavesOneGang) {
  ClusterView view;
  const auto add = [&](const std::string& gang) {
    Pod pod = test::MemberOf(gang, 1, 0, 0);
    pod.name = PodName("default", "p-" + gang);
    view.Upsert(std::move(pod));
  };
  add("jobset:train");
  Engine engine({});
  engine.Observe(Published(view));
  EXPECT_EQ(engine.Report(GangId("default", "train"))->gang.text(), "default/jobset:train");
  EXPECT_FALSE(engine.Report(GangId("ml", "train")).ok());
  EXPECT_FALSE(engine.Report(GangId("default", "rain")).ok());
  add("pytorchjob:train");
  engine.Observe(Published(view));
  EXPECT_EQ(
      engine.Report(GangId("default", "train")).status().message(),
      "no pod declares gang default/train; there are default/jobset:train and default/pytorchjob:train");
  add("train");
  engine.Observe(Published(view));
  EXPECT_EQ(engine.Report(GangId("default", "train"))->gang.text(), "default/train");
}

}  // namespace
}  // namespace muster
