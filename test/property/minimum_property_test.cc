// SPDX-License-Identifier: Apache-2.0
// Gangs of which some members suffice, and the numbers of refusals, against a
// brute force that tries every choice of members.
#include <algorithm>
#include <bit>
#include <optional>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "test/property/topology_cases.h"

namespace muster {
namespace {

using test::AnyAssignment;
using test::IsPossible;
using test::MakeTopologyCase;
using test::NodesOf;
using test::Plan;
using test::Show;
using test::TopologyCase;
using test::TopologyJudge;

constexpr uint32_t kCases = test::Cases(20'000);

int64_t PendingOf(const TopologyCase& c) {
  return std::count_if(c.gang.members.begin(), c.gang.members.end(),
                       [](const auto& m) { return !m->bound(); });
}

// The case with the pending members of which the bit in `chosen` is set.
TopologyCase WithOnly(const TopologyCase& c, uint32_t chosen) {
  TopologyCase copy = c;
  copy.gang.members.clear();
  for (const auto& member : c.gang.members) {
    if (!member->bound()) {
      const bool is_chosen = (chosen & 1) != 0;
      chosen >>= 1;
      if (!is_chosen) continue;
    }
    copy.gang.members.push_back(member);
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
  TopologyCase c = MakeTopologyCase(seed);
  if (!c.gang.subgroups.empty() || !c.gang.topology.slices.empty()) return std::nullopt;
  return c;
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
  }
  EXPECT_GT(placed, static_cast<int>(kCases / 10));
  EXPECT_GT(refused, static_cast<int>(kCases / 20));
}

TEST(RefusalProperty, NoMoreMembersAreSaidToFitThanDoAndOfLikeMembersNoFewer) {
  int compared = 0;
  int alike = 0;
  for (uint32_t seed = 0; seed < kCases; ++seed) {
    const std::optional<TopologyCase> c = PlainCase(seed);
    if (!c.has_value()) continue;
    const auto result = Plan(*c);
    const auto* refusal = std::get_if<Refusal>(&result);
    if (refusal == nullptr || refusal->kind == Refusal::Kind::kInvalid) continue;
    ++compared;
    const auto bound = static_cast<int64_t>(c->gang.members.size()) - PendingOf(*c);
    const int64_t most = bound + MostThatFit(*c);
    ASSERT_LE(refusal->fits, most) << "seed " << seed << ": " << refusal->text << "\n" << Show(*c, {});
    const bool are_alike = std::all_of(c->gang.members.begin(), c->gang.members.end(),
                                       [&](const auto& m) { return m->shape == c->gang.members[0]->shape; });
    if (!are_alike) continue;
    ++alike;
    ASSERT_EQ(refusal->fits, most) << "seed " << seed << ": " << refusal->text << "\n" << Show(*c, {});
  }
  EXPECT_GT(compared, static_cast<int>(kCases / 20));
  EXPECT_GT(alike, static_cast<int>(kCases / 40));
}

// As many domains hold the gang, and as many members fit in the best, as when
// one domain of that level is required.
TEST(RefusalProperty, TheNumbersOfALevelAreThoseOfOneDomainOfIt) {
  int compared = 0;
  for (uint32_t seed = 0; seed < kCases; ++seed) {
    const std::optional<TopologyCase> c = PlainCase(seed);
    if (!c.has_value() || PendingOf(*c) != static_cast<int64_t>(c->gang.members.size())) continue;
    const auto result = Plan(*c);
    const auto* refusal = std::get_if<Refusal>(&result);
    if (refusal == nullptr || refusal->kind == Refusal::Kind::kInvalid) continue;
    for (const LevelFit& level : refusal->levels) {
      TopologyCase one = *c;
      one.gang.topology.required = level.level;
      const int64_t most = MostThatFit(one);
      ++compared;
      ASSERT_LE(level.fits, most) << "seed " << seed << " " << level.level << "\n" << Show(*c, {});
      ASSERT_EQ(level.holding > 0, level.fits == PendingOf(*c)) << "seed " << seed;
      const bool are_alike = std::all_of(c->gang.members.begin(), c->gang.members.end(), [&](const auto& m) {
        return m->shape == c->gang.members[0]->shape;
      });
      if (!are_alike) continue;
      ASSERT_EQ(level.fits, most) << "seed " << seed << " " << level.level << "\n" << Show(*c, {});
    }
  }
  EXPECT_GT(compared, static_cast<int>(kCases / 20));
}

}  // namespace
}  // namespace muster
