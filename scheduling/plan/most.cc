// SPDX-License-Identifier: Apache-2.0
// As many of a part's required members as find places: what refusals count.
#include <algorithm>
#include <map>
#include <utility>

#include "scheduling/plan/capacity.h"
#include "scheduling/plan/placer.h"
#include "scheduling/plan/step.h"
#include "scheduling/plan/take.h"

namespace muster {
namespace {

void Note(int32_t part, size_t cls, Attempt& attempt) {
  if (attempt.cls.has_value()) return;
  attempt.part = part;
  attempt.cls = cls;
}

}  // namespace

bool Placer::AskWithin(int32_t p) const {
  return part(p).min_children > 0 ||
         std::any_of(part(p).children.begin(), part(p).children.end(),
                     [&](int32_t child) { return part(child).demand.tree != nullptr || AskWithin(child); });
}

Attempt Placer::SeatMost(int32_t p, const Scope& scope) {
  Attempt attempt{.part = p};
  const Mark before = Here();
  counted_ = p;
  constraints_.LeaveOutRequiredOf(p);
  attempt.members = TakeMost(p, scope, attempt);
  constraints_.LeaveOutRequiredOf(-1);
  counted_.reset();
  attempt.taken.assign(board_.taken().begin() + static_cast<std::ptrdiff_t>(before.taken),
                       board_.taken().end());
  for (const Fill& fill : fills_) attempt.part_of_fill.push_back(fill.part);
  UndoTo(before);
  return attempt;
}

void Placer::Resume(const Attempt& attempt) {
  for (const int32_t p : attempt.part_of_fill) fills_.push_back({.part = p});
  for (const Portion& portion : attempt.taken) board_.Take(portion);
}

// What finds its places whole goes first; the rest is content with what is left.
int64_t Placer::TakeMost(int32_t p, const Scope& scope, Attempt& attempt) {
  if (!AskWithin(p) && part(p).demand.slices.empty()) return TakeMostByClass(p, scope, attempt);
  int64_t members = 0;
  // How many of the children have a use, where others may stay empty.
  int64_t children = part(p).min_children;
  for (const int32_t child : part(p).children) {
    if (Waiting(part(child).all, true).empty() && parts_.IsWhole(child)) --children;
  }
  std::vector<Step> fills;
  std::vector<Step> parts;
  for (Step& step : StepsOf(p, scope)) {
    if (step.optional && children <= 0) continue;
    const Mark before = Here();
    if (step.child < 0 ? PlaceFill(step.fill) : PlacePart(step.child, scope)) {
      members += step.child < 0 ? static_cast<int64_t>(step.fill.members.size())
                                : static_cast<int64_t>(Waiting(part(step.child).all, true).size());
      if (step.child >= 0) --children;
      continue;
    }
    UndoTo(before);
    (step.child < 0 ? fills : parts).push_back(std::move(step));
  }
  for (const Step& step : fills) members += TakeMostOfFill(step.fill, attempt);
  return members + TakeMostOfChildren(std::move(parts), children, scope, attempt);
}

// Of at most `most` of them where they may stay empty, those that hold the most.
int64_t Placer::TakeMostOfChildren(std::vector<Step> steps, int64_t most, const Scope& scope,
                                   Attempt& attempt) {
  const bool optional = !steps.empty() && steps.front().optional;
  if (optional) {
    std::map<int32_t, int64_t> fits;
    for (const Step& step : steps) {
      const Mark before = Here();
      Attempt alone;
      fits[step.child] = TakeMostOfChild(step.child, scope, alone);
      UndoTo(before);
    }
    std::stable_sort(steps.begin(), steps.end(),
                     [&](const Step& a, const Step& b) { return fits[a.child] > fits[b.child]; });
    steps.resize(std::min(steps.size(), static_cast<size_t>(std::max<int64_t>(most, 0))));
  }
  int64_t members = 0;
  for (const Step& step : steps) members += TakeMostOfChild(step.child, scope, attempt);
  return members;
}

int64_t Placer::TakeMostOfChild(int32_t child, const Scope& scope, Attempt& attempt) {
  const Demand& demand = part(child).demand;
  if (!demand.required.has_value()) return TakeMost(child, scope, attempt);
  CapacityRules rules = constraints_.RulesOf(child);
  rules.tree = demand.tree;
  const std::vector<ClassNeed>& needs = NeedsToCount(child);
  std::vector<std::pair<int64_t, DomainId>> bounds;  // at least what fits there
  for (const DomainId d : constraints_.DomainsOf(child, *demand.tree, *demand.required, scope))
    bounds.emplace_back(0, d);
  for (const ClassNeed& need : needs) {
    const DomainRoom room = CountCapacity(board_, need.cls, rules, scope);
    for (auto& [bound, domain] : bounds) bound += std::min(need.members, room[domain]);
  }
  std::stable_sort(bounds.begin(), bounds.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  int64_t most = 0;
  DomainId best = kNoDomain;
  for (const auto& [bound, domain] : bounds) {
    if (bound <= most || (best != kNoDomain && effort_.spent())) break;
    const Mark before = Here();
    Attempt alone;
    const int64_t fits = TakeMost(child, scope.NarrowedTo(*demand.tree, domain), alone);
    UndoTo(before);
    effort_.Spend(demand.tree->domain(domain).nodes * static_cast<int64_t>(needs.size()));
    if (fits <= most) continue;
    most = fits;
    best = domain;
  }
  if (best != kNoDomain) return TakeMost(child, scope.NarrowedTo(*demand.tree, best), attempt);
  Note(child, needs.front().cls, attempt);
  return 0;
}

int64_t Placer::TakeMostOfFill(const Fill& fill, Attempt& attempt) {
  Note(fill.part, fill.cls, attempt);
  if (fill.nowhere) return 0;
  const Mark before = Here();
  if (fill.partial) {
    if (PlaceSlice(fill)) return static_cast<int64_t>(fill.members.size());
    UndoTo(before);
    return 0;
  }
  if (!fill.layers.empty() && board_.OneByOne(fill.cls)) return PlaceSliceBySlice(fill);
  return TakeUpToAll(fill);
}

// The same where parts within ask for nothing: members come by class, as if all were
// the part's own.
int64_t Placer::TakeMostByClass(int32_t p, const Scope& scope, Attempt& attempt) {
  const bool first = counted_ == p && board_.taken().empty();
  auto& known = rules_of_empty_board_;
  if (first && !known.contains(p)) known.emplace(p, constraints_.RulesOf(p));
  CapacityRules rules = first ? known.at(p) : constraints_.RulesOf(p);
  const auto take = [&](const ClassNeed& need) {
    const size_t before = board_.taken().size();
    const int64_t taken =
        TakeUpTo(board_, fills_.size(), need.cls, rules, scope, scope.DomainIn(*rules.tree), need.members);
    fills_.push_back({.part = p, .cls = need.cls});
    for (size_t t = before; t < board_.taken().size() && rules.one_per_domain.has_value(); ++t)
      rules.Close(*rules.one_per_domain, board_.taken()[t].node);
    return taken;
  };
  const std::vector<ClassNeed>& needs = NeedsToCount(p);
  std::vector<ClassNeed> rest;
  int64_t members = 0;
  for (const ClassNeed& need : needs) {
    const Mark before = Here();
    const std::vector<bool> closed = rules.closed;
    const int64_t taken = take(need);
    if (taken == need.members) {
      members += taken;
      continue;
    }
    Note(p, need.cls, attempt);
    if (needs.size() == 1) return taken;
    UndoTo(before);
    rules.closed = closed;
    rest.push_back(need);
  }
  for (const ClassNeed& need : rest) members += take(need);
  return members;
}

// Those last that follow others by affinity: they have no place before these have theirs.
const std::vector<ClassNeed>& Placer::NeedsToCount(int32_t p) {
  const auto known = needs_.find(p);
  if (known != needs_.end()) return known->second;
  std::vector<ClassNeed> needs = NeedsOf(Waiting(part(p).all, true));
  std::stable_partition(needs.begin(), needs.end(), [&](const ClassNeed& need) {
    const auto& terms = board_.shape(need.cls).terms;
    return !terms.has_value() || terms->affinity.empty();
  });
  return needs_.emplace(p, std::move(needs)).first->second;
}

}  // namespace muster
