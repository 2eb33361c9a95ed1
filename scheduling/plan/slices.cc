// SPDX-License-Identifier: Apache-2.0
// Slices that are placed one by one, each in a domain of its own level.
#include <algorithm>
#include <utility>

#include "scheduling/plan/domain_order.h"
#include "scheduling/plan/placer.h"

namespace muster {

int64_t Placer::PlaceSliceBySlice(const Fill& fill) {
  const auto size = static_cast<std::ptrdiff_t>(fill.layers.front().size);
  // Judged once: a domain that takes no slice any more is left for the next.
  const std::vector<DomainId> domains = DomainsForSlice(fill, size);
  size_t next = 0;
  int64_t placed = 0;
  for (auto begin = fill.members.begin(); begin != fill.members.end(); begin += size) {
    Fill slice = fill;
    slice.partial = true;
    slice.members.assign(begin, begin + size);
    while (next < domains.size() && !PlaceSliceIn(slice, domains[next])) ++next;
    if (next == domains.size() && !PlaceSlice(slice)) return placed;
    placed += size;
  }
  return placed;
}

std::vector<DomainId> Placer::DomainsForSlice(const Fill& fill, int64_t members) const {
  const CapacityRules rules = constraints_.RulesOf(fill.part);
  const std::vector<ClassNeed> needs = {{fill.cls, members}};
  return BestFirst(board_, needs, rules, fill.scope,
                   DomainsWithin(*rules.tree, fill.layers.front().level, fill.scope));
}

// A slice, or what is left of the last one, goes to one domain.
bool Placer::PlaceSlice(const Fill& fill) {
  const auto members = static_cast<int64_t>(fill.members.size());
  const std::vector<DomainId> domains = DomainsForSlice(fill, members);
  return std::any_of(domains.begin(), domains.end(),
                     [&](DomainId domain) { return PlaceSliceIn(fill, domain); });
}

// In whole inner slices as far as it goes.
bool Placer::PlaceSliceIn(const Fill& fill, DomainId domain) {
  const DomainTree& tree = constraints_.TreeOf(fill.part);
  Fill rest = fill;
  rest.scope = fill.scope.NarrowedTo(tree, domain);
  rest.layers.erase(rest.layers.begin());
  const size_t inner = rest.layers.empty() ? 1 : static_cast<size_t>(rest.layers.front().size);
  Fill whole = rest;
  whole.partial = false;
  whole.members.resize(whole.members.size() / inner * inner);
  rest.members.erase(rest.members.begin(),
                     rest.members.begin() + static_cast<std::ptrdiff_t>(whole.members.size()));
  const Mark before = Here();
  if ((whole.members.empty() || PlaceFill(std::move(whole))) && (rest.members.empty() || PlaceFill(rest)))
    return true;
  UndoTo(before);
  return false;
}

}  // namespace muster
