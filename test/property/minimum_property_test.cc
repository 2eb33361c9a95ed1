// SPDX-License-Identifier: Apache-2.0
// Gangs of which some members suffice, and the numbers of refusals, against a
// brute force that tries every choice of members.
#include <algorithm>
#include <bit>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "test/property/topology_cases.h"

namespace muster {
namespace {

using test::AnyAssignment;
using test::IsPossible;
using test::MakeTopologyCase;
using test::MakeZonedCase;
using test::NodesOf;
using test::Plan;
using test::Show;
using test::TopologyCase;
using test::TopologyJudge;

constexpr uint32_t kCases = test::Cases(12'000);

int64_t PendingOf(const TopologyCase& c) {
  return std::count_if(c.gang.members.begin(), c.gang.members.end(),
                       [](const auto& m) { return !m->bound(); });
}

// The case with the pending members of which the bit in `chosen` is set.
TopologyCase WithOnly(const TopologyCase& c, uint32_t chosen) {
  TopologyCase copy = c;
  copy.gang.members.clear();
  for (Subgroup& subgroup : copy.gang.subgroups) subgroup.members.clear();
  for (size_t m = 0; m < c.gang.members.size(); ++m) {
    if (!c.gang.members[m]->bound()) {
      const bool is_chosen = (chosen & 1) != 0;
      chosen >>= 1;
      if (!is_chosen) continue;
    }
    for (size_t s = 0; s < c.gang.subgroups.size(); ++s) {
      const std::vector<size_t>& members = c.gang.subgroups[s].members;
      if (std::find(members.begin(), members.end(), m) != members.end())
        copy.gang.subgroups[s].members.push_back(copy.gang.members.size());
    }
    copy.gang.members.push_back(c.gang.members[m]);
  }
  return copy;
}

// How many of the pending members find places together.
int64_t MostThatFit(const TopologyCase& c) {
  int most = 0;
  for (uint32_t chosen = 1; chosen < 1U << PendingOf(c); ++chosen) {
    if (std::popcount(chosen) > most && IsPossible(WithOnly(c, chosen))) most = std::popcount(chosen);
  }
  return most;
}

// A case without parts, slices and bound members that break the rules already.
std::optional<TopologyCase> PlainCase(uint32_t seed) {
  TopologyCase c = seed % 2 == 0 ? MakeTopologyCase(seed) : MakeZonedCase(seed);
  if (!c.gang.subgroups.empty() || !c.gang.topology.slices.empty()) return std::nullopt;
  return c;
}

bool AreAlike(const TopologyCase& c) {
  return std::all_of(c.gang.members.begin(), c.gang.members.end(),
                     [&](const auto& m) { return m->shape == c.gang.members[0]->shape; });
}

// Whether one more of the pending members would find a place beside the seats.
bool HasRoomForOneMore(const TopologyCase& c, const Seats& seats) {
  TopologyCase seated = c;
  std::vector<std::shared_ptr<const Pod>> others;
  std::erase_if(seated.gang.members, [&](const auto& m) {
    const bool waits = !m->bound() && std::none_of(seats.begin(), seats.end(),
                                                   [&](const Seat& s) { return s.uid == m->uid; });
    if (waits) others.push_back(m);
    return waits;
  });
  const std::vector<NodeName> nodes = NodesOf(seated, seats);
  bool has_room = false;
  for (const auto& member : others) {
    TopologyCase more = seated;
    more.gang.members.push_back(member);
    c.view.nodes().ForEach([&](const NodeName& name, const NodeState&) {
      std::vector<NodeName> with = nodes;
      with.push_back(name);
      has_room |= TopologyJudge(more).Allows(with);
    });
  }
  return has_room;
}

TEST(MinimumProperty, SomeMembersSufficeWhereAnyChoiceOfThemFits) {
  int placed = 0;
  int refused = 0;
  for (uint32_t seed = 0; seed < kCases; ++seed) {
    std::optional<TopologyCase> c = PlainCase(seed);
    if (!c.has_value() || c->gang.members.size() < 2) continue;
    c->gang.min_members = 1 + seed % static_cast<uint32_t>(c->gang.members.size() - 1);
    c->gang.size = static_cast<int64_t>(c->gang.members.size());
    const auto bound = static_cast<int64_t>(c->gang.members.size()) - PendingOf(*c);
    const int64_t needed = c->gang.min_members - bound;
    if (needed <= 0) continue;
    const auto result = Plan(*c);
    const auto* refusal = std::get_if<Refusal>(&result);
    if (refusal != nullptr && refusal->kind == Refusal::Kind::kInvalid) continue;
    if (refusal != nullptr) {
      ++refused;
      ASSERT_LT(MostThatFit(*c), needed) << "seed " << seed << ": " << refusal->text << "\n" << Show(*c, {});
      continue;
    }
    ++placed;
    const Seats& seats = std::get<Seats>(result);
    ASSERT_GE(static_cast<int64_t>(seats.size()), needed) << "seed " << seed;
    TopologyCase seated = *c;
    std::erase_if(seated.gang.members, [&](const auto& m) {
      return !m->bound() &&
             std::none_of(seats.begin(), seats.end(), [&](const Seat& s) { return s.uid == m->uid; });
    });
    ASSERT_TRUE(TopologyJudge(seated).Allows(NodesOf(seated, seats))) << "seed " << seed << "\n"
                                                                      << Show(*c, {});
    ASSERT_FALSE(HasRoomForOneMore(*c, seats)) << "seed " << seed << "\n" << Show(*c, NodesOf(*c, seats));
  }
  EXPECT_GT(placed, static_cast<int>(kCases / 10));
  EXPECT_GT(refused, static_cast<int>(kCases / 20));
}

struct Refused {
  Refusal refusal;
  int64_t most;  // members that fit beside each other, by brute force
};

// nullopt where the gang is placed, or is wrong.
std::optional<Refused> RefusedOf(const TopologyCase& c) {
  const auto result = Plan(c);
  const auto* refusal = std::get_if<Refusal>(&result);
  if (refusal == nullptr || refusal->kind == Refusal::Kind::kInvalid) return std::nullopt;
  const auto bound = static_cast<int64_t>(c.gang.members.size()) - PendingOf(c);
  return Refused{*refusal, bound + MostThatFit(c)};
}

TEST(RefusalProperty, NoMoreMembersAreSaidToFitThanDoAndOfLikeMembersNoFewer) {
  int compared = 0;
  int alike = 0;
  for (uint32_t seed = 0; seed < kCases; ++seed) {
    const std::optional<TopologyCase> c = PlainCase(seed);
    if (!c.has_value()) continue;
    const std::optional<Refused> refused = RefusedOf(*c);
    if (!refused.has_value()) continue;
    ++compared;
    const auto& [refusal, most] = *refused;
    ASSERT_LE(refusal.fits, most) << "seed " << seed << ": " << refusal.text << "\n" << Show(*c, {});
    if (!AreAlike(*c)) continue;
    ++alike;
    ASSERT_EQ(refusal.fits, most) << "seed " << seed << ": " << refusal.text << "\n" << Show(*c, {});
  }
  EXPECT_GT(compared, static_cast<int>(kCases / 20));
  EXPECT_GT(alike, static_cast<int>(kCases / 40));
}

// A case with subgroups and without slices.
std::optional<TopologyCase> CaseOfSubgroups(uint32_t seed) {
  TopologyCase c = seed % 2 == 0 ? MakeTopologyCase(seed) : MakeZonedCase(seed);
  const bool slices = !c.gang.topology.slices.empty() ||
                      std::any_of(c.gang.subgroups.begin(), c.gang.subgroups.end(),
                                  [](const Subgroup& subgroup) { return !subgroup.topology.slices.empty(); });
  if (c.gang.subgroups.empty() || slices) return std::nullopt;
  return c;
}

// The levels that subgroups ask for count, so that no more are said to fit than do.
TEST(RefusalProperty, NoMoreMembersOfSubgroupsAreSaidToFitThanDoAndSeldomFewer) {
  int compared = 0;
  int exact = 0;
  for (uint32_t seed = 0; seed < kCases; ++seed) {
    const std::optional<TopologyCase> c = CaseOfSubgroups(seed);
    if (!c.has_value()) continue;
    const std::optional<Refused> refused = RefusedOf(*c);
    if (!refused.has_value()) continue;
    ++compared;
    const auto& [refusal, most] = *refused;
    ASSERT_LE(refusal.fits, most) << "seed " << seed << ": " << refusal.text << "\n" << Show(*c, {});
    exact += refusal.fits == most ? 1 : 0;
  }
  EXPECT_GT(compared, static_cast<int>(kCases / 20));
  // Which subgroup is seated first is a guess.
  EXPECT_GT(exact, compared * 9 / 10) << "of " << compared;
}

// The domains of the level of which each alone holds the gang.
int64_t Holding(const TopologyCase& one, const std::string& level) {
  const TopologyJudge judge(one);
  std::set<DomainId> domains;
  AnyAssignment(one, [&](const auto& nodes) {
    if (judge.Allows(nodes)) domains.insert(judge.DomainOf(nodes[0], level));
    return false;
  });
  return static_cast<int64_t>(domains.size());
}

// As many domains hold the gang, and as many members fit in the best, as when
// one domain of that level is required.
TEST(RefusalProperty, TheNumbersOfALevelAreThoseOfOneDomainOfIt) {
  int compared = 0;
  int held = 0;
  int subgroups = 0;
  for (uint32_t seed = 0; seed < kCases; ++seed) {
    std::optional<TopologyCase> c = PlainCase(seed);
    if (!c.has_value()) c = CaseOfSubgroups(seed);
    if (!c.has_value() || PendingOf(*c) != static_cast<int64_t>(c->gang.members.size())) continue;
    const auto result = Plan(*c);
    const auto* refusal = std::get_if<Refusal>(&result);
    if (refusal == nullptr || refusal->kind == Refusal::Kind::kInvalid || !refusal->subgroup.empty())
      continue;
    subgroups += c->gang.subgroups.empty() ? 0 : 1;
    for (const LevelFit& level : refusal->levels) {
      TopologyCase one = *c;
      one.gang.topology.required = level.level;
      const int64_t most = MostThatFit(one);
      ++compared;
      ASSERT_FALSE(level.cut_short);
      ASSERT_LE(level.fits, most) << "seed " << seed << " " << level.level << "\n" << Show(*c, {});
      ASSERT_EQ(level.holding, Holding(one, level.level)) << "seed " << seed << " " << level.level << "\n"
                                                          << Show(*c, {});
      held += level.holding > 0 ? 1 : 0;
      if (!AreAlike(*c) || !c->gang.subgroups.empty()) continue;
      ASSERT_EQ(level.fits, most) << "seed " << seed << " " << level.level << "\n" << Show(*c, {});
    }
  }
  EXPECT_GT(compared, static_cast<int>(kCases / 20));
  EXPECT_GT(held, static_cast<int>(kCases / 400));
  EXPECT_GT(subgroups, static_cast<int>(kCases / 100));
}

// The case as if nothing ran anywhere.
TopologyCase Emptied(const TopologyCase& c) {
  TopologyCase empty = c;
  c.view.pods().ForEach([&](const PodName& name, const auto& pod) {
    if (pod->bound()) empty.view.RemovePod(name);
  });
  return empty;
}

TEST(RefusalProperty, NeverIsSaidExactlyWhereTheEmptyClusterDoesNotHoldTheGang) {
  int never = 0;
  int now = 0;
  for (uint32_t seed = 0; seed < kCases; ++seed) {
    const TopologyCase c = seed % 2 == 0 ? MakeTopologyCase(seed) : MakeZonedCase(seed);
    const auto result = Plan(c);
    const auto* refusal = std::get_if<Refusal>(&result);
    if (refusal == nullptr || refusal->kind == Refusal::Kind::kInvalid) continue;
    const bool bound = PendingOf(c) != static_cast<int64_t>(c.gang.members.size());
    // Where some run, the gang did fit.
    if (bound) continue;
    const bool is_never = refusal->kind == Refusal::Kind::kNeverFits;
    ++(is_never ? never : now);
    ASSERT_EQ(is_never, !IsPossible(Emptied(c))) << "seed " << seed << ": " << refusal->text << "\n"
                                                 << Show(c, {});
  }
  EXPECT_GT(never, static_cast<int>(kCases / 50));
  EXPECT_GT(now, static_cast<int>(kCases / 50));
}

TEST(RefusalProperty, WhatWouldHelpDoesAndIsTheLeast) {
  int helped = 0;
  for (uint32_t seed = 0; seed < kCases; ++seed) {
    const std::optional<TopologyCase> c = PlainCase(seed);
    if (!c.has_value() || c->gang.topology.required.empty()) continue;
    const auto result = Plan(*c);
    const auto* refusal = std::get_if<Refusal>(&result);
    if (refusal == nullptr || refusal->kind == Refusal::Kind::kInvalid) continue;
    // The innermost wider level that is enough, or none at all.
    TopologyCase wider = *c;
    const auto& levels = c->topologies.all[0].tree.levels();
    size_t l = 0;
    while (levels[l].name != c->gang.topology.required) ++l;
    std::string enough;
    while (l-- > 0 && enough.empty()) {
      wider.gang.topology.required = levels[l].name;
      if (IsPossible(wider)) enough = absl::StrCat("one ", levels[l].name, " were enough");
    }
    wider.gang.topology.required = "";
    if (enough.empty() && IsPossible(wider))
      enough = absl::StrCat("more than one ", c->gang.topology.required, " were allowed");
    ASSERT_EQ(refusal->would_fit_if, enough) << "seed " << seed << ": " << refusal->text << "\n"
                                             << Show(*c, {});
    helped += enough.empty() ? 0 : 1;
  }
  EXPECT_GT(helped, static_cast<int>(kCases / 100));
}

}  // namespace
}  // namespace muster
