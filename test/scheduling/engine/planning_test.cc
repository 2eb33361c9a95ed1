// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <utility>

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

}  // namespace
}  // namespace muster
