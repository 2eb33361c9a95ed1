// SPDX-License-Identifier: Apache-2.0
// Gangs that are known to fit, on clusters too large for trying every
// assignment: here the planner has nothing but its own order of doing things.
#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "scheduling/declare/assemble.h"
#include "scheduling/plan/feasibility.h"
#include "scheduling/plan/planner.h"
#include "test/support/builders.h"

namespace muster {
namespace {

constexpr int kGangs = 2'000;

struct Role {
  int64_t gpus = 1;
  std::string pool;  // empty: any
};

struct Case {
  ClusterView view;
  Gang gang;
};

// Puts members of 2 to 4 roles on nodes of three pools, remembers their room as
// the only free one beside a little slack, and forgets where they were.
Case Plant(uint32_t seed, int slack_percent) {
  std::mt19937 random(seed);
  const auto pick = [&](int low, int high) { return std::uniform_int_distribution(low, high)(random); };
  std::vector<Role> roles(static_cast<size_t>(pick(2, 4)));
  for (Role& role : roles) {
    role.gpus = int64_t{1} << pick(0, 3);
    if (pick(0, 1) == 0) role.pool = absl::StrCat("pool-", pick(0, 2));
  }
  Case c;
  std::vector<Role> members;
  const int nodes = pick(80, 120);
  for (int n = 0; n < nodes; ++n) {
    const std::string pool = absl::StrCat("pool-", pick(0, 2));
    Node node = test::NodeOf(absl::StrCat("node-", 1000 + n), 8);
    node.labels["pool"] = pool;
    int64_t left = 8;
    for (int tries = 0; tries < 3 && pick(0, 3) == 0; ++tries) {
      const Role& role = roles[static_cast<size_t>(pick(0, static_cast<int>(roles.size()) - 1))];
      if ((!role.pool.empty() && role.pool != pool) || role.gpus > left) continue;
      members.push_back(role);
      left -= role.gpus;
    }
    if (pick(1, 100) > slack_percent && left > 0) {
      c.view.Upsert(test::BoundTo(test::PodOf(absl::StrCat("busy-", n), left), node.name.text()));
    }
    c.view.Upsert(std::move(node));
  }
  for (size_t m = 0; m < members.size(); ++m) {
    const auto count = static_cast<int64_t>(members.size());
    Pod pod = test::MemberOf("train", count, static_cast<int64_t>(m), members[m].gpus);
    if (!members[m].pool.empty()) pod.shape.node_selector = {{"pool", members[m].pool}};
    c.view.Upsert(std::move(pod));
  }
  c.gang = declare::AssembleGang(c.view, GangId("default", "train"));
  return c;
}

// How many of the gangs are placed; none of those that are not may be said to
// fit never.
int Placed(int slack_percent) {
  int placed = 0;
  for (uint32_t seed = 0; seed < kGangs; ++seed) {
    const Case c = Plant(seed, slack_percent);
    if (c.gang.members.empty()) {
      ++placed;
      continue;
    }
    const auto result = PlanGang({c.view, Ledger(), c.gang, {}, Declined(), nullptr});
    if (std::holds_alternative<Seats>(result)) {
      ++placed;
    } else {
      EXPECT_EQ(std::get<Refusal>(result).kind, Refusal::Kind::kNoRoom) << "seed " << seed;
    }
  }
  return placed;
}

TEST(PlantedGangs, ArePlacedWhereThereIsALittleSlack) {
  const int placed = Placed(10);
  EXPECT_GE(placed, kGangs * 999 / 1000);
}

TEST(PlantedGangs, AreMostlyPlacedWhereEveryGpuIsNeeded) {
  const int placed = Placed(0);
  EXPECT_GE(placed, kGangs * 97 / 100);
}

}  // namespace
}  // namespace muster
