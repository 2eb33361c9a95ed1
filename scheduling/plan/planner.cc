// SPDX-License-Identifier: Apache-2.0
#include "scheduling/plan/planner.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

#include "absl/strings/str_format.h"
#include "scheduling/plan/feasibility.h"
#include "scheduling/plan/refusal_text.h"
#include "scheduling/plan/room.h"

namespace muster {
namespace {

constexpr int64_t kExactEffort = 50'000;  // node visits; about 5 ms

// The members of a gang by what the plan has to do for them.
struct Roll {
  int64_t satisfied = 0;            // as GangCount has it
  int64_t needed = 0;               // likewise
  int64_t gated = 0;                // pending, but somebody holds a gate
  std::vector<const Pod*> to_seat;  // pending without a kept seat, in member order
  int64_t required = 0;             // how many of to_seat the minimum needs
};

Roll CallRoll(const Gang& gang, const std::vector<Seat>& kept) {
  Roll roll;
  const GangCount count = Count(gang);
  roll.satisfied = count.satisfied;
  roll.needed = count.needed;
  for (const auto& member : gang.members) {
    if (!member->pending()) continue;
    if (!member->gates.empty()) {
      ++roll.gated;
    } else if (std::none_of(kept.begin(), kept.end(), [&](const Seat& s) { return s.uid == member->uid; })) {
      roll.to_seat.push_back(member.get());
    }
  }
  const int64_t missing = roll.needed - roll.satisfied - static_cast<int64_t>(kept.size());
  roll.required = std::clamp<int64_t>(missing, 0, static_cast<int64_t>(roll.to_seat.size()));
  return roll;
}

std::optional<Refusal> WhyNotReady(const Gang& gang, const Roll& roll, size_t kept) {
  if (!gang.problem.empty()) return Invalid(gang);
  const int64_t ready = roll.satisfied + static_cast<int64_t>(kept + roll.to_seat.size());
  if (!gang.waiting_for.empty()) return Incomplete(gang, ready, gang.waiting_for);
  if (ready >= roll.needed) return std::nullopt;
  if (ready + roll.gated >= roll.needed) {
    return Incomplete(gang, ready, "members still have scheduling gates");
  }
  return Incomplete(gang, ready, absl::StrFormat("not all of its %d members exist yet", gang.min_members));
}

std::vector<Candidate> AllCandidates(const PlanInput& input) {
  std::vector<Candidate> candidates;
  candidates.reserve(input.view.nodes().size());
  input.view.nodes().ForEach([&](const NodeName& name, const NodeState& state) {
    if (state.node == nullptr) return;
    const bool preferred = input.window == nullptr || input.window->contains(name.text());
    candidates.push_back({state.node.get(), input.ledger.Free(state), preferred});
  });
  for (const Seat& seat : input.kept) {
    // They are in the order of their names, as the view is.
    const auto at =
        std::lower_bound(candidates.begin(), candidates.end(), seat.node,
                         [](const Candidate& c, const NodeName& name) { return c.node->name < name; });
    if (at != candidates.end() && at->node->name == seat.node) at->free -= seat.requests;
  }
  return candidates;
}

// Groups members by shape, the most demanding shape first.
std::vector<ShapeGroup> GroupByShape(const std::vector<const Pod*>& members,
                                     const std::vector<Candidate>& candidates, const Declined& declined) {
  std::vector<ShapeGroup> groups;
  for (const Pod* member : members) {
    const auto at = std::find_if(groups.begin(), groups.end(),
                                 [&](const ShapeGroup& g) { return *g.shape == member->shape; });
    if (at != groups.end()) {
      at->members.push_back(member);
    } else {
      groups.push_back({&member->shape, {member}, {}});
    }
  }
  const auto demand = [](const ShapeGroup& g) {
    int64_t devices = 0;
    for (const auto& [name, amount] : g.shape->requests.scalars) devices += amount;
    return std::tuple(-devices, -g.shape->requests.cpu_millis, -g.shape->requests.memory_bytes);
  };
  std::stable_sort(groups.begin(), groups.end(),
                   [&](const ShapeGroup& a, const ShapeGroup& b) { return demand(a) < demand(b); });
  for (ShapeGroup& group : groups) {
    group.eligible.reserve(candidates.size());
    for (const Candidate& candidate : candidates) {
      group.eligible.push_back(Eligible(*group.shape, *candidate.node) &&
                               !declined.Holds(*group.shape, candidate.node->name));
    }
  }
  return groups;
}

int64_t Sum(const std::vector<Portion>& portions) {
  int64_t sum = 0;
  for (const Portion& portion : portions) sum += portion.members;
  return sum;
}

// What Pack found for each group. `blocked` is the first that came up short.
struct Packing {
  std::vector<std::vector<Portion>> portions;
  int64_t placed = 0;
  std::optional<size_t> blocked;
};

Packing PackAll(const std::vector<ShapeGroup>& groups, std::vector<Candidate>& candidates) {
  Packing packing;
  const std::vector<Candidate> untouched = groups.size() > 1 ? candidates : std::vector<Candidate>{};
  for (size_t g = 0; g < groups.size(); ++g) {
    const auto count = static_cast<int64_t>(groups[g].members.size());
    packing.portions.push_back(Pack(groups[g], count, candidates));
    packing.placed += Sum(packing.portions.back());
    if (Sum(packing.portions.back()) < count && !packing.blocked.has_value()) packing.blocked = g;
  }
  if (packing.blocked.has_value() && groups.size() > 1 && candidates.size() <= kExactNodes) {
    std::vector<Candidate> fresh = untouched;
    if (auto exact = PackExhaustively(groups, fresh, kExactEffort)) {
      candidates = std::move(fresh);
      packing.portions = *std::move(exact);
      packing.blocked.reset();
    }
  }
  return packing;
}

void AppendSeats(const std::vector<ShapeGroup>& groups, std::vector<std::vector<Portion>> portions,
                 const std::vector<Candidate>& candidates, Seats& seats) {
  for (size_t g = 0; g < groups.size(); ++g) {
    // Members in order to nodes in order, so that neighbouring ranks are neighbours.
    std::sort(portions[g].begin(), portions[g].end(),
              [](const Portion& a, const Portion& b) { return a.candidate < b.candidate; });
    size_t next = 0;
    for (const Portion& portion : portions[g]) {
      for (int64_t i = 0; i < portion.members; ++i) {
        seats.push_back(SeatOf(*groups[g].members[next++], candidates[portion.candidate].node->name));
      }
    }
  }
}

// Counts, for one more member of `group`, the cause that keeps it off each node.
class ExclusionCount {
 public:
  ExclusionCount(const PlanInput& input, const ShapeGroup& group) : input_(input), group_(group) {}

  void Add(size_t index, const Candidate& before) { ++nodes_by_cause_[Cause(index, before)]; }

  std::vector<Exclusion> Sorted() const {
    std::vector<Exclusion> exclusions;
    for (const auto& [cause, nodes] : nodes_by_cause_) exclusions.push_back({cause, nodes});
    std::stable_sort(exclusions.begin(), exclusions.end(),
                     [](const Exclusion& a, const Exclusion& b) { return a.nodes > b.nodes; });
    return exclusions;
  }

  const std::optional<Scarcest>& scarcest() const { return scarcest_; }

 private:
  std::string Cause(size_t index, const Candidate& before) {
    const PodShape& shape = *group_.shape;
    if (!group_.eligible[index]) {
      const std::string rule = Ineligibility(shape, *before.node);
      return rule.empty() ? "declined by kube-scheduler" : rule;
    }
    const std::vector<Shortage> lacks = Shortages(shape.requests, before.free);
    if (lacks.empty()) return "filled by this gang";
    if (Fits(shape.requests, input_.view.FindNode(before.node->name)->free)) return "promised to other gangs";
    if (!scarcest_.has_value()) scarcest_ = Scarcest{lacks[0].resource, lacks[0].free};
    for (const Shortage& lack : lacks) {
      if (lack.resource == scarcest_->resource)
        scarcest_->most_free = std::max(scarcest_->most_free, lack.free);
    }
    return absl::StrCat("insufficient ", lacks[0].resource);
  }

  const PlanInput& input_;
  const ShapeGroup& group_;
  std::map<std::string, int64_t> nodes_by_cause_;
  std::optional<Scarcest> scarcest_;
};

// How many of the groups' members would fit if nothing ran anywhere.
int64_t FitWhenEmpty(const std::vector<ShapeGroup>& groups, std::vector<Candidate> candidates) {
  for (Candidate& candidate : candidates) candidate.free = candidate.node->allocatable;
  const Packing packing = PackAll(groups, candidates);
  int64_t members = 0;
  for (const ShapeGroup& group : groups) members += static_cast<int64_t>(group.members.size());
  return packing.blocked.has_value() ? packing.placed : members;
}

Refusal NoRoom(const PlanInput& input, const Roll& roll, const std::vector<ShapeGroup>& groups,
               const Packing& packing) {
  const int64_t seated = roll.satisfied + static_cast<int64_t>(input.kept.size());
  const std::vector<Candidate> before = AllCandidates(input);
  Refusal refusal{.kind = Refusal::Kind::kNoRoom,
                  .fits = seated + packing.placed,
                  .of = roll.needed,
                  .nodes = static_cast<int64_t>(before.size()),
                  .excluded = {},
                  .text = ""};
  const ShapeGroup& blocked = groups[*packing.blocked];
  ExclusionCount count(input, blocked);
  for (size_t i = 0; i < before.size(); ++i) count.Add(i, before[i]);
  refusal.excluded = count.Sorted();

  std::optional<int64_t> fit_when_empty;
  if (seated == 0) {
    const int64_t fit = FitWhenEmpty(groups, before);
    if (fit < roll.required) {
      refusal.kind = Refusal::Kind::kNeverFits;
      fit_when_empty = fit;
    }
  }
  DescribeNoRoom(input.gang, blocked.shape->requests, count.scarcest(), fit_when_empty, refusal);
  return refusal;
}

}  // namespace

std::variant<Seats, Refusal> PlanGang(const PlanInput& input) {
  const Roll roll = CallRoll(input.gang, input.kept);
  if (auto refusal = WhyNotReady(input.gang, roll, input.kept.size())) return *std::move(refusal);

  std::vector<Candidate> candidates = AllCandidates(input);
  const auto surplus = roll.to_seat.begin() + static_cast<std::ptrdiff_t>(roll.required);
  const auto groups = GroupByShape({roll.to_seat.begin(), surplus}, candidates, input.declined);
  const Packing packing = PackAll(groups, candidates);
  if (packing.blocked.has_value()) return NoRoom(input, roll, groups, packing);

  Seats seats = input.kept;
  AppendSeats(groups, packing.portions, candidates, seats);
  const auto extra = GroupByShape({surplus, roll.to_seat.end()}, candidates, input.declined);
  AppendSeats(extra, PackAll(extra, candidates).portions, candidates, seats);
  return seats;
}

}  // namespace muster
