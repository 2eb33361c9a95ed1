// SPDX-License-Identifier: Apache-2.0
#include "scheduling/gpu/mig_geometry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <ostream>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "scheduling/gpu/mig_products.h"

namespace muster {
namespace {

using ::testing::ElementsAre;

// Instances on one GPU, as (profile, start), ascending.
using State = std::set<std::pair<int, int>>;

MigMask MaskOf(const MigGeometry& geometry, const State& state) {
  MigMask mask = 0;
  for (const auto& [profile, start] : state) mask |= geometry.FindPlacement(profile, start)->mask;
  return mask;
}

// Every state that creating instances of `profiles` one after the other can reach.
std::set<State> Reachable(const MigGeometry& geometry, const std::vector<int>& profiles) {
  std::set<State> seen = {State{}};
  std::vector<State> open = {State{}};
  while (!open.empty()) {
    const State state = open.back();
    open.pop_back();
    for (const int profile : profiles) {
      for (const MigPlacement& at : geometry.PlacementsOf(profile)) {
        if ((at.mask & MaskOf(geometry, state)) != 0) continue;
        State next = state;
        next.insert({profile, at.start});
        if (seen.insert(next).second) open.push_back(next);
      }
    }
  }
  return seen;
}

std::multiset<int> ProfilesIn(const State& state) {
  std::multiset<int> profiles;
  for (const auto& [profile, start] : state) profiles.insert(profile);
  return profiles;
}

bool IsMaximal(const MigGeometry& geometry, const std::vector<int>& profiles, const State& state) {
  return std::all_of(profiles.begin(), profiles.end(),
                     [&](int profile) { return geometry.FreeStarts(MaskOf(geometry, state), profile) == 0; });
}

struct Counts {
  size_t states = 0;
  size_t multisets = 0;
  size_t maximal = 0;
  size_t maximal_multisets = 0;

  friend bool operator==(const Counts&, const Counts&) = default;
  friend void PrintTo(const Counts& counts, std::ostream* out) {
    *out << counts.states << "/" << counts.multisets << "/" << counts.maximal << "/"
         << counts.maximal_multisets;
  }
};

Counts CountStates(const std::string& geometry_name, const std::vector<std::string>& names) {
  const MigGeometry& geometry = *FindMigGeometry(geometry_name);
  std::vector<int> profiles;
  for (const std::string& name : names) profiles.push_back(geometry.FindProfile(name));
  const std::set<State> states = Reachable(geometry, profiles);
  std::set<std::multiset<int>> multisets;
  std::set<std::multiset<int>> maximal_multisets;
  Counts counts;
  counts.states = states.size();
  for (const State& state : states) {
    multisets.insert(ProfilesIn(state));
    if (!IsMaximal(geometry, profiles, state)) continue;
    ++counts.maximal;
    maximal_multisets.insert(ProfilesIn(state));
  }
  counts.multisets = multisets.size();
  counts.maximal_multisets = maximal_multisets.size();
  return counts;
}

// The counts were enumerated by another program, from the placements alone.
TEST(MigGeometryTest, HasAsManyStatesAsWereEnumerated) {
  EXPECT_EQ(CountStates("A100-40GB", {"1g.5gb", "2g.10gb", "3g.20gb", "4g.20gb", "7g.40gb"}),
            (Counts{298, 38, 19, 14}));
  EXPECT_EQ(CountStates("H100-80GB", {"1g.10gb", "1g.20gb", "2g.20gb", "3g.40gb", "4g.40gb", "7g.80gb"}),
            (Counts{723, 78, 78, 38}));
  EXPECT_EQ(CountStates("B200-180GB",
                        {"1g.23gb", "1g.23gb+me", "1g.45gb", "2g.45gb", "3g.90gb", "4g.90gb", "7g.180gb"}),
            (Counts{2319, 128, 239, 64}));
  EXPECT_EQ(CountStates("A30-24GB", {"1g.6gb", "2g.12gb", "4g.24gb"}), (Counts{26, 10, 5, 4}));
  EXPECT_EQ(CountStates("A30-24GB", {"1g.6gb", "1g.6gb+me", "2g.12gb", "2g.12gb+me", "4g.24gb"}),
            (Counts{84, 22, 21, 9}));
  EXPECT_EQ(CountStates("RTX-PRO-6000-96GB", {"1g.24gb", "2g.48gb", "4g.96gb"}), (Counts{26, 10, 5, 4}));
}

// No state of any GPU takes more compute slices than there are: the masks imply it.
TEST(MigGeometryTest, MasksKeepToTheComputeSlices) {
  for (const MigGeometry& geometry : MigGeometries()) {
    const int compute = geometry.profiles().back().compute;
    std::vector<int> all(geometry.profiles().size());
    for (size_t i = 0; i < all.size(); ++i) all[i] = static_cast<int>(i);
    for (const State& state : Reachable(geometry, all)) {
      int taken = 0;
      for (const auto& [profile, start] : state) taken += geometry.profiles()[profile].compute;
      ASSERT_LE(taken, compute) << geometry.name();
    }
  }
}

// The multisets of `profiles` that any set of placements beside `taken` makes.
void Fitting(const MigGeometry& geometry, MigMask taken, size_t from, std::vector<int>& chosen,
             std::set<std::vector<int>>& fitting) {
  fitting.insert(chosen);
  if (chosen.size() == 4) return;
  for (size_t i = from; i < geometry.placements().size(); ++i) {
    const MigPlacement& at = geometry.placements()[i];
    if ((at.mask & taken) != 0) continue;
    chosen.push_back(at.profile);
    Fitting(geometry, taken | at.mask, i + 1, chosen, fitting);
    chosen.pop_back();
  }
}

void Multisets(int profiles, int from, std::vector<int>& chosen, const std::function<void()>& visit) {
  visit();
  if (chosen.size() == 4) return;
  for (int profile = from; profile < profiles; ++profile) {
    chosen.push_back(profile);
    Multisets(profiles, profile, chosen, visit);
    chosen.pop_back();
  }
}

// For every reachable state and every multiset of up to four profiles.
TEST(MigGeometryTest, AnswersAsEnumerationDoes) {
  for (const absl::string_view name : {"A100-40GB", "A30-24GB", "RTX-PRO-6000-96GB"}) {
    const MigGeometry& geometry = *FindMigGeometry(name);
    std::vector<int> all(geometry.profiles().size());
    for (size_t i = 0; i < all.size(); ++i) all[i] = static_cast<int>(i);
    std::set<MigMask> masks;
    for (const State& state : Reachable(geometry, all)) masks.insert(MaskOf(geometry, state));
    for (const MigMask taken : masks) {
      std::set<std::vector<int>> fitting;
      std::vector<int> chosen;
      Fitting(geometry, taken, 0, chosen, fitting);
      Multisets(static_cast<int>(all.size()), 0, chosen, [&] {
        const auto placed = geometry.Place(taken, chosen);
        ASSERT_EQ(placed.has_value(), fitting.contains(chosen)) << name << " " << taken;
        if (!placed) return;
        MigMask mask = taken;
        for (size_t i = 0; i < chosen.size(); ++i) {
          ASSERT_EQ((*placed)[i].profile, chosen[i]);
          ASSERT_EQ((*placed)[i].mask & mask, 0U);
          mask |= (*placed)[i].mask;
        }
      });
    }
  }
}

TEST(MigGeometryTest, HoldsAsManyOfEachProfileAsTheDriverSays) {
  const auto most = [](absl::string_view name) {
    std::map<std::string, int> counts;
    for (const MigProfile& profile : FindMigGeometry(name)->profiles()) counts[profile.name] = profile.most;
    return counts;
  };
  EXPECT_EQ(most("H100-94GB"), (std::map<std::string, int>{{"1g.12gb", 7},
                                                           {"1g.12gb+me", 1},
                                                           {"1g.24gb", 4},
                                                           {"2g.24gb", 3},
                                                           {"3g.47gb", 2},
                                                           {"4g.47gb", 1},
                                                           {"7g.94gb", 1}}));
  EXPECT_EQ(most("A30-24GB"),
            (std::map<std::string, int>{
                {"1g.6gb", 4}, {"1g.6gb+me", 1}, {"2g.12gb", 2}, {"2g.12gb+me", 1}, {"4g.24gb", 1}}));
  EXPECT_EQ(most("RTX-PRO-6000-96GB"), (std::map<std::string, int>{{"1g.24gb", 4},
                                                                   {"1g.24gb+me", 1},
                                                                   {"1g.24gb+gfx", 4},
                                                                   {"1g.24gb-me", 4},
                                                                   {"1g.24gb+me.all", 1},
                                                                   {"2g.48gb", 2},
                                                                   {"2g.48gb+gfx", 2},
                                                                   {"2g.48gb-me", 2},
                                                                   {"2g.48gb+me.all", 1},
                                                                   {"4g.96gb", 1},
                                                                   {"4g.96gb+gfx", 1}}));
}

// "<name> <starts>:<size>" for each profile, as nvidia-smi mig -lgipp lists them.
std::vector<std::string> Listed(absl::string_view name) {
  const MigGeometry& geometry = *FindMigGeometry(name);
  std::vector<std::string> lines;
  for (size_t i = 0; i < geometry.profiles().size(); ++i) {
    std::string starts;
    for (const MigPlacement& at : geometry.PlacementsOf(static_cast<int>(i))) {
      absl::StrAppend(&starts, starts.empty() ? "" : ",", at.start);
    }
    lines.push_back(
        absl::StrCat(geometry.profiles()[i].name, " {", starts, "}:", geometry.profiles()[i].size));
  }
  return lines;
}

TEST(MigGeometryTest, HasThePlacementsThatTheDriverLists) {
  EXPECT_THAT(Listed("A100-40GB"),
              ElementsAre("1g.5gb {0,1,2,3,4,5,6}:1", "1g.5gb+me {0,1,2,3,4,5,6}:1", "1g.10gb {0,2,4,6}:2",
                          "2g.10gb {0,2,4}:2", "3g.20gb {0,4}:4", "4g.20gb {0}:4", "7g.40gb {0}:8"));
  EXPECT_THAT(Listed("A30-24GB"), ElementsAre("1g.6gb {0,1,2,3}:1", "1g.6gb+me {0,1,2,3}:1",
                                              "2g.12gb {0,2}:2", "2g.12gb+me {0,2}:2", "4g.24gb {0}:4"));
  EXPECT_THAT(Listed("RTX-PRO-6000-96GB"),
              ElementsAre("1g.24gb {0,3,6,9}:3", "1g.24gb+gfx {0,3,6,9}:3", "1g.24gb+me {0,3,6,9}:3",
                          "1g.24gb+me.all {0,3,6,9}:3", "1g.24gb-me {0,3,6,9}:3", "2g.48gb {0,6}:6",
                          "2g.48gb+gfx {0,6}:6", "2g.48gb+me.all {0,6}:6", "2g.48gb-me {0,6}:6",
                          "4g.96gb {0}:12", "4g.96gb+gfx {0}:12"));
}

TEST(MigGeometryTest, ANameMeansAnotherProfileOnAnotherProduct) {
  const MigGeometry& a100_40 = *FindMigGeometry("A100-40GB");
  const MigGeometry& a100_80 = *FindMigGeometry("A100-80GB");
  EXPECT_EQ(a100_40.profiles()[a100_40.FindProfile("1g.10gb")].size, 2);
  EXPECT_EQ(a100_80.profiles()[a100_80.FindProfile("1g.10gb")].size, 1);
}

TEST(MigGeometryTest, FindsProfilesAsResourcesAndDevicesWriteThem) {
  const MigGeometry& rtx = *FindMigGeometry("RTX-PRO-6000-96GB");
  const auto name = [&rtx](absl::string_view text) {
    const int found = rtx.FindProfile(text);
    return found < 0 ? std::string("none") : rtx.profiles()[found].name;
  };
  EXPECT_EQ(name("nvidia.com/mig-1g.24gb.me.all"), "1g.24gb+me.all");
  EXPECT_EQ(name("mig-1g.24gb-me"), "1g.24gb-me");
  EXPECT_EQ(name("1g24gb"), "1g.24gb");
  EXPECT_EQ(name("1g.24gb+ME"), "1g.24gb+me");
  EXPECT_EQ(name("1g.5gb"), "none");
}

TEST(MigGeometryTest, KeepsTheLowStartsFree) {
  const MigGeometry& geometry = *FindMigGeometry("A100-40GB");
  const std::vector<int> wanted = {geometry.FindProfile("1g.5gb"), geometry.FindProfile("3g.20gb")};
  const auto placed = geometry.Place(0, wanted);
  ASSERT_TRUE(placed.has_value());
  EXPECT_THAT(*placed,
              ElementsAre(*geometry.FindPlacement(wanted[0], 3), *geometry.FindPlacement(wanted[1], 4)));
}

TEST(MigGeometryTest, MoreInstancesThanSlicesAreRefusedAtOnce) {
  const MigGeometry& geometry = *FindMigGeometry("A100-40GB");
  EXPECT_FALSE(geometry.Place(0, std::vector<int>(1'000'000, 0)).has_value());
}

}  // namespace
}  // namespace muster
