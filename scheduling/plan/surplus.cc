// SPDX-License-Identifier: Apache-2.0
// Members that no minimum requires.
#include <algorithm>
#include <utility>

#include "scheduling/plan/placer.h"
#include "scheduling/plan/take.h"

namespace muster {

void Placer::PlaceSurplus() {
  for (size_t p = 0; p < parts_.all.size(); ++p) PlaceSurplusOf(static_cast<int32_t>(p));
}

void Placer::PlaceSurplusOf(int32_t p) {
  const Scope around = ScopeAround(p);
  if (!ReachMinimum(p, around)) return;
  const Demand& demand = part(p).demand;
  if (demand.preferred.has_value()) {
    const size_t outermost = demand.required.has_value() ? *demand.required + 1 : 0;
    for (size_t level = *demand.preferred + 1; level-- > outermost;) {
      if (constraints_.PlacesOf(p).empty()) continue;
      for (const DomainId domain : constraints_.DomainsOf(p, *demand.tree, level, around))
        PlaceSome(p, around.NarrowedTo(*demand.tree, domain));
    }
  }
  if (!demand.required.has_value()) return PlaceSome(p, around);
  const size_t before = constraints_.PlacesOf(p).size();
  for (const DomainId domain : constraints_.DomainsOf(p, *demand.tree, *demand.required, around)) {
    PlaceSome(p, around.NarrowedTo(*demand.tree, domain));
    // Where the first ones are, the others have to be.
    if (constraints_.PlacesOf(p).size() > before) return;
  }
}

bool Placer::ReachMinimum(int32_t p, const Scope& scope) {
  if (p == 0 || parts_.Satisfied(part(p)) >= part(p).min_members) return true;
  const Mark before = Here();
  if (!PlacePart(p, scope)) {
    UndoTo(before);
    return false;
  }
  Settle();
  return parts_.Satisfied(part(p)) >= part(p).min_members;
}

void Placer::PlaceSome(int32_t p, const Scope& scope) {
  for (Fill& fill : MakeFills(parts_, p, Waiting(part(p).members, false), scope)) {
    const Mark before = Here();
    if (fill.nowhere) continue;
    if (fill.partial) {
      if (!PlaceSlice(fill)) UndoTo(before);
      continue;
    }
    CapacityRules rules = constraints_.RulesOf(p);
    rules.layers = fill.layers;
    // Slices that have to be placed one by one are not worth the search.
    if (!fill.layers.empty() && board_.OneByOne(fill.cls)) continue;
    const int64_t taken =
        TakeUpTo(board_, fills_.size(), fill.cls, rules, fill.scope, fill.scope.DomainIn(*rules.tree),
                 static_cast<int64_t>(fill.members.size()));
    fill.members.resize(static_cast<size_t>(taken));
    fills_.push_back(std::move(fill));
  }
  Settle();
}

Scope Placer::ScopeAround(int32_t p) const {
  Scope scope;
  std::vector<int32_t> around;
  for (int32_t above = part(p).parent; above >= 0; above = part(above).parent) around.push_back(above);
  for (auto above = around.rbegin(); above != around.rend(); ++above) {
    const Demand& demand = part(*above).demand;
    if (!demand.required.has_value()) continue;
    const auto domains = constraints_.DomainsOf(*above, *demand.tree, *demand.required, scope);
    const bool there = domains.size() == 1 || !constraints_.PlacesOf(*above).empty();
    if (there && !domains.empty()) scope = scope.NarrowedTo(*demand.tree, domains[0]);
  }
  return scope;
}

}  // namespace muster
