// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "scheduling/engine/engine.h"
#include "test/support/builders.h"

namespace muster {
namespace {

using namespace test;  // NOLINT: builders

Pod Placeholder(const std::string& name, const std::string& node, int32_t priority = -10) {
  Pod pod = BoundTo(PodOf(name, 8), node);
  pod.priority = priority;
  return pod;
}

class Placeholders : public testing::Test {
 protected:
  void Plan(const std::string& gang) {
    PlanJob job = engine_.Prepare(GangId("default", gang), At(absl::ZeroDuration()));
    const auto result = job.Run(nullptr);
    ASSERT_TRUE(std::holds_alternative<std::vector<Seat>>(result)) << std::get<Refusal>(result).text;
    ASSERT_TRUE(engine_.Install(job, result, At(absl::ZeroDuration())));
  }
  void Nominate(ClusterView& view) {
    for (const Seat& seat : engine_.NominationsWanted()) {
      Pod pod = *view.FindPod(seat.pod);
      pod.nominated = seat.node;
      view.Upsert(pod);
    }
    engine_.Observe(Published(view));
  }
  std::vector<std::string> Evicted() {
    std::vector<std::string> names;
    for (const Seat& seat : engine_.ScaleUp(At(absl::Seconds(1))).evict) names.emplace_back(seat.pod.name());
    return names;
  }
  std::vector<EvictionOption> Preempt(const std::string& member, const NodeName& node,
                                      const std::string& victim) {
    const auto pod = engine_.view().FindPod(PodName("default", member));
    return engine_.Preempt({*pod, {{node, {PodUid("uid-" + victim)}, 0}}});
  }

  Engine engine_{EngineOptions()};
};

TEST_F(Placeholders, GoOnlyOnceEveryMemberIsNominated) {
  ClusterView view = ClusterOf(2, 8);
  view.Upsert(Placeholder("hold-0", "node-00"));
  view.Upsert(Placeholder("hold-1", "node-01"));
  AddGang(view, "train", 2, 8);
  engine_.Observe(Published(view));
  Plan("train");
  EXPECT_TRUE(Evicted().empty()) << "kube-scheduler would give their room to others";
  Nominate(view);
  EXPECT_THAT(Evicted(), testing::ElementsAre("hold-0", "hold-1"));
}

TEST_F(Placeholders, OfSeveralTheLowestPriorityGoesAndNoMoreThanNeeded) {
  ClusterView view = ClusterOf(1, 8);
  for (int i = 0; i < 4; ++i) {
    Pod pod = Placeholder("hold-" + std::to_string(i), "node-00", -10 - i);
    pod.shape.requests = Amounts(1, 2);
    view.Upsert(pod);
  }
  AddGang(view, "train", 1, 3);
  engine_.Observe(Published(view));
  Plan("train");
  Nominate(view);
  EXPECT_THAT(Evicted(), testing::ElementsAre("hold-3", "hold-2"));
  Pod going = *view.FindPod(PodName("default", "hold-3"));
  going.deleting = true;
  view.Upsert(going);
  engine_.Observe(Published(view));
  EXPECT_THAT(Evicted(), testing::ElementsAre("hold-2")) << "what is going already counts";
}

TEST_F(Placeholders, WhileOneIsThereFilterSaysSoAndLearnsNothing) {
  ClusterView view = ClusterOf(1, 8);
  view.Upsert(Placeholder("hold", "node-00"));
  AddGang(view, "train", 1, 8);
  engine_.Observe(Published(view));
  Plan("train");
  Nominate(view);
  const auto pod = engine_.view().FindPod(PodName("default", "train-0"));
  for (int i = 0; i < 2; ++i) {
    const auto answer = engine_.Filter({*pod, {}}, At(absl::Seconds(1)));
    EXPECT_EQ(std::get<Refused>(std::get<FilterAnswer>(answer)).text,
              "gang default/train is planned: placeholder pods make way for it");
  }
  view.RemovePod(PodName("default", "hold"));
  engine_.Observe(Published(view));
  const std::vector<absl::string_view> nodes = {"node-00"};
  const auto answer = engine_.Filter({*pod, nodes}, At(absl::Seconds(2)));
  EXPECT_EQ(std::get<PassOne>(std::get<FilterAnswer>(answer)).node, NodeName("node-00"));
}

TEST_F(Placeholders, KubeSchedulerMayEvictThemForTheMemberThatIsSeatedThere) {
  ClusterView view = ClusterOf(2, 8);
  view.Upsert(Placeholder("hold-0", "node-00"));
  Pod work = BoundTo(PodOf("work", 8), "node-01");
  work.priority = 0;
  view.Upsert(work);
  AddGang(view, "train", 1, 8);
  AddGang(view, "other", 1, 8);
  engine_.Observe(Published(view));
  Plan("train");
  EXPECT_EQ(Preempt("train-0", NodeName("node-00"), "hold-0").size(), 1);
  EXPECT_TRUE(Preempt("train-0", NodeName("node-01"), "work").empty());
  EXPECT_TRUE(Preempt("other-0", NodeName("node-00"), "hold-0").empty()) << "it has no seat there";
}

TEST_F(Placeholders, SeatsInTheirRoomStandAndOthersGetNone) {
  ClusterView view = ClusterOf(1, 8);
  view.Upsert(Placeholder("hold", "node-00"));
  AddGang(view, "train", 1, 8);
  AddGang(view, "second", 1, 8);
  engine_.Observe(Published(view));
  Plan("train");
  EXPECT_TRUE(engine_.Stands(engine_.ledger().Find(GangId("default", "train"))->seats.front()));
  PlanJob job = engine_.Prepare(GangId("default", "second"), At(absl::ZeroDuration()));
  EXPECT_TRUE(std::holds_alternative<Refusal>(job.Run(nullptr)));
}

}  // namespace
}  // namespace muster
