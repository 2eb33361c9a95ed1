// SPDX-License-Identifier: Apache-2.0
// One class per gang, while gangs and members come and go, through the engine's own verbs.
#include <array>
#include <deque>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "scheduling/engine/engine.h"
#include "test/support/builders.h"

namespace muster {
namespace {

constexpr int kBirths = 100'000;  // of pods

// What may not be beside another in one gang.
enum class Side { kKept, kSpot, kFlex, kUnknown };

Side SideOf(CapacityClass capacity) {
  switch (capacity) {
    case CapacityClass::kSpot:
      return Side::kSpot;
    case CapacityClass::kFlex:
      return Side::kFlex;
    case CapacityClass::kUnknown:
      return Side::kUnknown;
    case CapacityClass::kOnDemand:
    case CapacityClass::kReserved:
      break;
  }
  return Side::kKept;
}

struct LivingGang {
  GangId id;
  std::optional<CapacityPolicy> policy;
  int64_t size = 0;
  std::deque<Pod> members;  // bound
  int64_t born = 0;
};

// Scarce on purpose: what is preferred is often full.
class World {
 public:
  World() : engine_(EngineOptions()) {
    for (const auto& [name, capacity] : {std::pair("od", CapacityClass::kOnDemand),
                                         {"reserved", CapacityClass::kReserved},
                                         {"spot-1", CapacityClass::kSpot},
                                         {"spot-2", CapacityClass::kSpot},
                                         {"flex", CapacityClass::kFlex},
                                         {"unknown", CapacityClass::kUnknown}}) {
      Node node = test::NodeOf(name, 6);
      node.capacity = capacity;
      classes_.emplace(node.name, capacity);
      view_.Upsert(node);
    }
  }

  // Binds the members that `gang` lacks if they all get seats; false leaves it as it was.
  bool Fill(LivingGang& gang) {
    std::vector<Pod> missing;
    for (auto n = static_cast<int64_t>(gang.members.size()); n < gang.size; ++n) {
      Pod pod = test::MemberOf(std::string(gang.id.name()), gang.size, gang.born++, 1);
      pod.created = now_;
      pod.capacity.policy = gang.policy;
      view_.Upsert(pod);
      missing.push_back(std::move(pod));
    }
    engine_.Observe(test::Published(view_));
    PlanJob job = engine_.Prepare(gang.id, now_);
    const auto result = job.Run(nullptr);
    EXPECT_TRUE(engine_.Install(job, result, now_));
    const auto* seats = std::get_if<std::vector<Seat>>(&result);
    for (Pod& pod : missing) {
      view_.RemovePod(pod.name);
      if (seats == nullptr) continue;
      for (const Seat& seat : *seats) {
        if (seat.uid == pod.uid) pod.node = seat.node;
      }
      EXPECT_TRUE(pod.bound()) << pod.name.text();
      view_.Upsert(pod);
      gang.members.push_back(std::move(pod));
    }
    engine_.Observe(test::Published(view_));
    return seats != nullptr;
  }

  void Kill(LivingGang& gang, size_t which) {
    view_.RemovePod(gang.members[which].name);
    gang.members.erase(gang.members.begin() + static_cast<std::ptrdiff_t>(which));
  }

  void Tick() {
    now_ += absl::Minutes(5);
    engine_.Observe(test::Published(view_));
    engine_.Expire(now_);
  }

  CapacityClass ClassOf(const Pod& pod) const { return classes_.at(pod.node); }

 private:
  Engine engine_;
  ClusterView view_;
  std::map<NodeName, CapacityClass> classes_;
  absl::Time now_ = test::At(absl::ZeroDuration());
};

// Of one side as a whole, and of that which was asked for.
void Expect(const World& world, const LivingGang& gang) {
  const Side side = SideOf(world.ClassOf(gang.members.front()));
  for (const Pod& member : gang.members) {
    const CapacityClass capacity = world.ClassOf(member);
    ASSERT_EQ(SideOf(capacity), side)
        << gang.id.text() << ": " << member.name.text() << " is on " << member.node.text()
        << ", the first on " << gang.members.front().node.text();
    if (gang.policy == CapacityPolicy::kSpot) {
      ASSERT_EQ(capacity, CapacityClass::kSpot);
    }
    if (gang.policy == CapacityPolicy::kOnDemand) {
      ASSERT_TRUE(capacity == CapacityClass::kOnDemand || capacity == CapacityClass::kReserved);
    }
  }
}

TEST(GangClass, IsOneThroughAHundredThousandBirthsAndDeaths) {
  constexpr std::array<std::optional<CapacityPolicy>, 6> kPolicies = {std::nullopt,
                                                                      CapacityPolicy::kAny,
                                                                      CapacityPolicy::kSpot,
                                                                      CapacityPolicy::kOnDemand,
                                                                      CapacityPolicy::kPreferSpot,
                                                                      CapacityPolicy::kPreferOnDemand};
  std::mt19937 random(20261127);
  const auto below = [&](size_t limit) { return static_cast<size_t>(random()) % limit; };
  World world;
  std::deque<LivingGang> gangs;
  int64_t births = 0;
  int64_t replaced = 0;
  int64_t refused = 0;
  std::array<int64_t, 4> sides = {};
  for (int64_t number = 0; births < kBirths; ++number) {
    if (number % 8 == 0) world.Tick();
    if (!gangs.empty() && below(3) == 0) {
      LivingGang& gang = gangs[below(gangs.size())];
      for (size_t n = 1 + below(gang.members.size()); n > 0 && gang.members.size() > 1; --n) {
        world.Kill(gang, below(gang.members.size()));
      }
      births += gang.size - static_cast<int64_t>(gang.members.size());
      world.Fill(gang) ? ++replaced : ++refused;
      ASSERT_NO_FATAL_FAILURE(Expect(world, gang)) << "step " << number;
      continue;
    }
    if (gangs.size() >= 6 || (!gangs.empty() && below(4) == 0)) {
      while (!gangs.front().members.empty()) world.Kill(gangs.front(), 0);
      gangs.pop_front();
      continue;
    }
    LivingGang gang;
    gang.id = GangId("default", absl::StrCat("g", number));
    gang.policy = kPolicies[below(kPolicies.size())];
    gang.size = static_cast<int64_t>(2 + below(5));
    births += gang.size;
    if (!world.Fill(gang)) {
      ++refused;
      continue;
    }
    ASSERT_NO_FATAL_FAILURE(Expect(world, gang)) << "step " << number;
    ++sides[static_cast<size_t>(SideOf(world.ClassOf(gang.members.front())))];
    gangs.push_back(std::move(gang));
  }
  // All of it happened, and often.
  EXPECT_GT(replaced, 1000);
  EXPECT_GT(refused, 1000);
  for (const int64_t often : sides) EXPECT_GT(often, 100);
}

}  // namespace
}  // namespace muster
