// SPDX-License-Identifier: Apache-2.0
#include "scheduling/plan/placer.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <tuple>
#include <utility>

#include "scheduling/plan/capacity.h"
#include "scheduling/plan/ceiling.h"
#include "scheduling/plan/domain_order.h"
#include "scheduling/plan/search.h"
#include "scheduling/plan/step.h"
#include "scheduling/plan/take.h"

namespace muster {

Placer::Placer(Board& board, Parts& parts, std::vector<bool> others_here, Effort* effort)
    : board_(board),
      parts_(parts),
      constraints_(board, parts, fills_, std::move(others_here)),
      own_effort_(board.node_count()),
      effort_(effort == nullptr ? own_effort_ : *effort) {}

bool Placer::PlaceRequired() {
  const Mark before = Here();
  bool placed = PlacePart(0, Scope());
  if (!placed) {
    UndoTo(before);
    placed = NeedsSearch() && RunSearch(Scope());
  }
  if (placed) Settle();
  return placed;
}

bool Placer::RunSearch(const Scope& scope) {
  Search search(*this, scope);
  const bool placed = search.Run();
  exhausted_ = !placed && search.Exhausted();
  return placed;
}

bool Placer::NeedsSearch() const {
  const bool counting_is_exact = parts_.all.size() == 1 && board_.class_count() == 1 && !board_.OneByOne(0) &&
                                 parts_.all[0].demand.slices.empty();
  const bool optional = std::any_of(parts_.all.begin(), parts_.all.end(),
                                    [](const Part& part) { return part.min_children > 0; });
  return !counting_is_exact && !optional && static_cast<size_t>(board_.node_count()) <= kExactNodes;
}

bool Placer::FitsWithin(const Scope& scope) {
  const Mark before = Here();
  bool fits = PlaceWithin(0, scope);
  UndoTo(before);
  if (!fits && NeedsSearch()) fits = RunSearch(scope);
  UndoTo(before);
  return fits;
}

bool Placer::FitsInOne(const DomainTree& tree, size_t level) {
  const Mark before = Here();
  const bool fits = PlaceInOneOf(0, tree, level, Scope());
  UndoTo(before);
  return fits;
}

bool Placer::PlacePart(int32_t p, const Scope& scope) {
  if (Waiting(part(p).all, true).empty()) return true;
  const Demand& demand = part(p).demand;
  if (demand.preferred.has_value()) {
    const size_t outermost = demand.required.has_value() ? *demand.required + 1 : 0;
    for (size_t level = *demand.preferred + 1; level-- > outermost;) {
      if (PlaceInOneOf(p, *demand.tree, level, scope)) return true;
    }
  }
  if (demand.required.has_value()) return PlaceInOneOf(p, *demand.tree, *demand.required, scope);
  return PlaceWithin(p, scope);
}

bool Placer::PlaceInOneOf(int32_t p, const DomainTree& tree, size_t level, const Scope& scope) {
  for (const DomainId domain : DomainsToTry(p, tree, level, scope)) {
    const Mark before = Here();
    if (PlaceWithin(p, scope.NarrowedTo(tree, domain))) return true;
    UndoTo(before);
    effort_.Spend(tree.domain(domain).nodes * static_cast<int64_t>(board_.class_count()));
    if (effort_.spent()) return false;
  }
  return false;
}

std::vector<DomainId> Placer::DomainsToTry(int32_t p, const DomainTree& tree, size_t level,
                                           const Scope& scope) const {
  CapacityRules rules;
  if (&constraints_.TreeOf(p) == &tree) rules = constraints_.RulesOf(p);
  rules.tree = &tree;
  rules.innermost_needed = std::max(rules.innermost_needed.value_or(0), level);
  const std::vector<size_t> waiting = Waiting(part(p).all, true);
  const std::vector<Fill> fills = MakeFills(parts_, p, Waiting(part(p).members, true), scope);
  // A fill that is all there is can be judged with its slices.
  if (fills.size() == 1 && fills[0].members.size() == waiting.size() && !fills[0].partial) {
    rules.layers = fills[0].layers;
  }
  const std::vector<ClassNeed> needs = NeedsOf(waiting);
  std::vector<DomainId> domains = constraints_.DomainsOf(p, tree, level, scope);
  const bool all_needed = std::all_of(parts_.all.begin(), parts_.all.end(),
                                      [](const Part& each) { return each.min_children == 0; });
  if (needs.size() > 1 && domains.size() > 1 && all_needed) {
    const DomainRoom most = CountCeiling(board_, needs, tree, scope.DomainIn(tree));
    std::erase_if(domains, [&](DomainId d) { return most[d] < static_cast<int64_t>(waiting.size()); });
  }
  std::vector<DomainId> to_try = BestFirst(board_, needs, rules, scope, domains);
  PreferRoomToGrow(p, rules, scope, to_try);
  if (part(p).min_children == 0) return to_try;
  // Some children may stay empty: domains without room for all of them come last.
  for (const DomainId domain : domains) {
    if (std::find(to_try.begin(), to_try.end(), domain) == to_try.end()) to_try.push_back(domain);
  }
  return to_try;
}

// The most demanding class first.
std::vector<ClassNeed> Placer::NeedsOf(const std::vector<size_t>& members) const {
  std::map<size_t, int64_t> count;
  for (const size_t m : members) ++count[parts_.members[m].cls];
  std::vector<ClassNeed> needs;
  for (const auto& [cls, number] : count) needs.push_back({cls, number});
  return needs;
}

// Once the first members are in a domain the others have to follow: of domains
// that hold the minimum, those that hold the most of all come first.
void Placer::PreferRoomToGrow(int32_t p, const CapacityRules& rules, const Scope& scope,
                              std::vector<DomainId>& domains) const {
  const std::vector<ClassNeed> surplus = NeedsOf(Waiting(part(p).all, false));
  if (surplus.size() != 1 || domains.size() < 2) return;
  const std::vector<ClassNeed> needs = NeedsOf(Waiting(part(p).all, true));
  int64_t wanted = surplus[0].members;
  for (const ClassNeed& need : needs) wanted += need.cls == surplus[0].cls ? need.members : 0;
  const DomainRoom capacity = CountCapacity(board_, surplus[0].cls, rules, scope);
  const auto room = [&](DomainId d) { return std::min(capacity[d], wanted); };
  std::stable_sort(domains.begin(), domains.end(), [&](DomainId a, DomainId b) { return room(a) > room(b); });
}

bool Placer::PlaceWithin(int32_t p, const Scope& scope) {
  std::vector<Step> steps = StepsOf(p, scope);
  const Mark before = Here();
  for (size_t attempt = 0; attempt <= steps.size(); ++attempt) {
    const std::optional<size_t> failed = PlaceInOrder(p, steps, scope);
    if (!failed.has_value()) return true;
    if (effort_.spent()) return false;
    // What found no place beside the others goes before them.
    if (*failed == 0 || *failed >= steps.size()) break;
    // Each step so far has looked at all nodes, and will do so again.
    effort_.Spend(board_.node_count() * static_cast<int64_t>(board_.class_count() * (*failed + 1)));
    UndoTo(before);
    const auto at = steps.begin() + static_cast<std::ptrdiff_t>(*failed);
    std::rotate(steps.begin(), at, at + 1);
  }
  // Members that let each other in come together.
  UndoTo(before);
  return PlaceTogether(p, steps, scope);
}

std::optional<size_t> Placer::PlaceInOrder(int32_t p, const std::vector<Step>& steps, const Scope& scope) {
  int64_t reached = 0;  // children that have their minimum
  for (const int32_t child : part(p).children) {
    if (part(p).min_children == 0) break;
    reached += Waiting(part(child).all, true).empty() && parts_.IsWhole(child) ? 1 : 0;
  }
  for (size_t s = 0; s < steps.size(); ++s) {
    const Step& step = steps[s];
    if (step.child < 0) {
      if (PlaceFill(step.fill)) continue;
      NoteFailure(p, step.fill.cls);
      return s;
    }
    const Mark before = Here();
    if (PlacePart(step.child, scope)) {
      ++reached;
    } else if (step.optional) {
      UndoTo(before);
    } else {
      NoteFailure(step.child, parts_.members[Waiting(part(step.child).all, true).front()].cls);
      return s;
    }
  }
  return reached >= part(p).min_children ? std::nullopt : std::optional<size_t>(steps.size());
}

void Placer::NoteFailure(int32_t p, size_t cls) {
  if (counted_.has_value()) return;
  int64_t members = 0;
  for (const Portion& portion : board_.taken()) members += portion.members;
  if (furthest_.cls.has_value() && members <= furthest_.members) return;
  furthest_ = {members, p, cls, board_.taken(), {}};
  for (const Fill& fill : fills_) furthest_.part_of_fill.push_back(fill.part);
}

bool Placer::PlaceFill(Fill fill) {
  if (fill.nowhere) return false;
  if (fill.partial) return PlaceSlice(fill);
  const auto members = static_cast<int64_t>(fill.members.size());
  if (!fill.layers.empty() && board_.OneByOne(fill.cls)) return PlaceSliceBySlice(fill) == members;
  return TakeUpToAll(std::move(fill)) == members;
}

// How many found places. What was taken of a fill that failed is the caller's to undo.
int64_t Placer::TakeUpToAll(Fill fill) {
  CapacityRules rules = constraints_.RulesOf(fill.part);
  rules.layers = fill.layers;
  const int64_t taken = TakeUpTo(board_, fills_.size(), fill.cls, rules, fill.scope,
                                 fill.scope.DomainIn(*rules.tree), static_cast<int64_t>(fill.members.size()));
  fills_.push_back(std::move(fill));
  return taken;
}

std::vector<size_t> Placer::Waiting(const std::vector<size_t>& members, bool required) const {
  std::vector<size_t> waiting;
  for (const size_t m : members) {
    const Member& member = parts_.members[m];
    if (member.node == kNoNode && member.required == required) waiting.push_back(m);
  }
  return waiting;
}

void Placer::UndoTo(const Mark& mark) {
  board_.UndoTo(mark.taken);
  fills_.erase(fills_.begin() + static_cast<std::ptrdiff_t>(mark.fills), fills_.end());
}

}  // namespace muster
