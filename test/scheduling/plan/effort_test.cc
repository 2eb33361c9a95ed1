// SPDX-License-Identifier: Apache-2.0
// Refusals whose numbers would take too long to find all of.
#include "scheduling/plan/effort.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "scheduling/declare/assemble.h"
#include "scheduling/plan/planner.h"
#include "test/support/builders.h"
#include "test/support/racks.h"

namespace muster {
namespace {

// 200 members of as many shapes that want one of 30 racks of 10 nodes. By the amounts
// alone more of them would fit than can be seated.
Refusal Refused(int shapes) {
  ClusterView view;
  for (int n = 0; n < 300; ++n) {
    Node node = test::NodeOf(absl::StrCat("node-", 100 + n), 8);
    node.labels["rack"] = absl::StrCat("r", n / 10);
    view.Upsert(node);
  }
  for (int m = 0; m < 200; ++m) {
    Pod pod = test::MemberOf("train", 200, m, m % 2 == 0 ? 5 : 1);
    pod.shape.requests.cpu_millis = 1 + m % shapes;
    pod.membership->topology.required = "rack";
    view.Upsert(pod);
  }
  const Gang gang = declare::AssembleGang(view, GangId("default", "train"));
  const Topologies topologies = test::RacksOf(view);
  auto result = PlanGang({view, Ledger(), gang, {}, Declined(), nullptr, &topologies});
  EXPECT_TRUE(std::holds_alternative<Refusal>(result));
  return std::get<Refusal>(result);
}

TEST(Effort, ARefusalSaysOfWhichLevelsNotAllDomainsWereLookedAt) {
  const Refusal refusal = Refused(200);
  ASSERT_EQ(refusal.levels.size(), 2);
  EXPECT_EQ(refusal.levels[0].domains, 30);
  EXPECT_TRUE(std::any_of(refusal.levels.begin(), refusal.levels.end(),
                          [](const LevelFit& level) { return level.cut_short; }));
  EXPECT_GE(refusal.fits, 40) << "of the rack that was looked at first";
}

TEST(Effort, OfFewShapesAllDomainsAreLookedAt) {
  const Refusal refusal = Refused(4);
  for (const LevelFit& level : refusal.levels) EXPECT_FALSE(level.cut_short) << level.level;
}

TEST(Effort, IsSpentByWhatWasVisitedAndTried) {
  Effort effort(100);
  effort.Spend(52'000);
  EXPECT_FALSE(effort.spent());
  effort.Spend(1);
  EXPECT_TRUE(effort.spent());
  for (int i = 0; i < 50'000; ++i) ASSERT_TRUE(effort.TryOne());
  EXPECT_FALSE(effort.searched_enough());
  EXPECT_FALSE(effort.TryOne());
  EXPECT_TRUE(effort.searched_enough());
}

}  // namespace
}  // namespace muster
