// SPDX-License-Identifier: Apache-2.0
#include "scheduling/plan/search.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace muster {
namespace {

// More would take the effort without end, and the stack.
constexpr size_t kMostMembers = 64;

size_t At(int32_t index) { return static_cast<size_t>(index); }

bool IsClosed(const CapacityRules& rules, int32_t node) {
  if (rules.innermost_needed.has_value() && rules.tree->DomainOf(node, *rules.innermost_needed) == kNoDomain)
    return true;
  if (rules.closed.empty()) return false;
  for (size_t level = 0; level < rules.tree->levels().size(); ++level) {
    const DomainId domain = rules.tree->DomainOf(node, level);
    if (domain != kNoDomain && rules.closed[At(domain)]) return true;
  }
  return false;
}

}  // namespace

Search::Search(Placer& placer, const Scope& scope)
    : placer_(placer),
      scope_(scope),
      chosen_(placer.parts_.members.size(), kNoNode),
      lines_(placer.parts_.all.size()),
      position_(placer.parts_.members.size()) {
  const Parts& parts = placer.parts_;
  for (size_t m = 0; m < parts.members.size(); ++m) {
    if (parts.members[m].required && parts.members[m].node == kNoNode) order_.push_back(m);
  }
  for (size_t p = 0; p < parts.all.size(); ++p) {
    if (parts.all[p].demand.slices.empty()) continue;
    lines_[p] = SliceLine(parts, static_cast<int32_t>(p), placer.Waiting(parts.all[p].members, true));
    for (size_t i = 0; i < lines_[p].size(); ++i) {
      if (lines_[p][i] != kNobody) position_[lines_[p][i]] = i;
    }
  }
  const auto key = [&](size_t m) {
    const auto& terms = parts.members[m].pod->shape.terms;
    // Others have to be there before anybody can follow them.
    const bool follows = terms.has_value() && !terms->affinity.empty();
    return std::tuple(follows, parts.members[m].part, parts.members[m].cls, position_[m], m);
  };
  std::sort(order_.begin(), order_.end(), [&](size_t a, size_t b) { return key(a) < key(b); });
  for (size_t i = 0; i < order_.size(); ++i)
    kind_.push_back(i > 0 && AreAlike(order_[i - 1], order_[i]) ? kind_.back() : i);
}

bool Search::Run() {
  if (order_.size() > kMostMembers) return false;
  const bool order_matters = std::any_of(order_.begin(), order_.end(), [&](size_t m) {
    const auto& terms = placer_.parts_.members[m].pod->shape.terms;
    return terms.has_value() && !(terms->affinity.empty() && terms->spread.empty());
  });
  return order_matters ? PlaceInAnyOrder(order_.size()) : Place(0);
}

bool Search::Exhausted() const { return order_.size() <= kMostMembers && !placer_.effort_.searched_enough(); }

bool Search::Place(size_t next) {
  if (next == order_.size()) return true;
  const bool alike = next > 0 && kind_[next] == kind_[next - 1];
  return TryNodes(order_[next], alike ? chosen_[order_[next - 1]] : 0, [&] { return Place(next + 1); });
}

bool Search::PlaceInAnyOrder(size_t left) {
  if (left == 0) return true;
  if (!failed_.insert(Reached()).second) return false;
  size_t tried = order_.size();  // the kind before
  for (size_t i = 0; i < order_.size(); ++i) {
    if (chosen_[order_[i]] != kNoNode || kind_[i] == tried) continue;
    tried = kind_[i];
    if (TryNodes(order_[i], 0, [&] { return PlaceInAnyOrder(left - 1); })) return true;
  }
  return false;
}

bool Search::TryNodes(size_t m, int32_t first, const std::function<bool()>& next) {
  const Member& member = placer_.parts_.members[m];
  const CapacityRules rules = placer_.constraints_.RulesOf(member.part);
  for (int32_t n = first; n < placer_.board_.node_count(); ++n) {
    if (!placer_.effort_.TryOne()) return false;
    if (!scope_.Contains(n) || !placer_.board_.TakesOneMore(member.cls, n) || IsClosed(rules, n) ||
        !MayBeOn(m, n))
      continue;
    const Placer::Mark before = placer_.Here();
    placer_.board_.Take({placer_.fills_.size(), member.cls, n, 1});
    placer_.fills_.push_back({.part = member.part, .cls = member.cls, .members = {m}});
    chosen_[m] = n;
    if (next()) return true;
    chosen_[m] = kNoNode;
    placer_.UndoTo(before);
  }
  return false;
}

std::vector<std::pair<size_t, int32_t>> Search::Reached() const {
  std::vector<std::pair<size_t, int32_t>> reached;
  for (size_t i = 0; i < order_.size(); ++i) {
    if (chosen_[order_[i]] != kNoNode) reached.emplace_back(kind_[i], chosen_[order_[i]]);
  }
  std::sort(reached.begin(), reached.end());
  return reached;
}

bool Search::MayBeOn(size_t m, int32_t node) const {
  return KeepsRequired(placer_.parts_.members[m].part, node) && KeepsSlices(m, node);
}

bool Search::KeepsRequired(int32_t part, int32_t node) const {
  for (int32_t p = part; p >= 0; p = placer_.part(p).parent) {
    const Demand& demand = placer_.part(p).demand;
    if (!demand.required.has_value()) continue;
    const DomainId here = demand.tree->DomainOf(node, *demand.required);
    if (here == kNoDomain) return false;
    const std::vector<int32_t> places = placer_.constraints_.PlacesOf(p);
    if (places.empty()) continue;
    const std::vector<DomainId> most = DomainsOfMost(*demand.tree, *demand.required, places);
    if (std::find(most.begin(), most.end(), here) == most.end()) return false;
  }
  return true;
}

bool Search::KeepsSlices(size_t m, int32_t node) const {
  const int32_t part = placer_.parts_.members[m].part;
  const Demand& demand = placer_.part(part).demand;
  const std::vector<size_t>& line = lines_[At(part)];
  for (const SliceLayer& layer : demand.slices) {
    const auto size = static_cast<size_t>(layer.size);
    const size_t begin = position_[m] / size * size;
    for (size_t i = begin; i < std::min(begin + size, line.size()); ++i) {
      const int32_t other = line[i] == kNobody ? kNoNode : NodeOf(line[i]);
      if (other >= 0 && demand.tree->DomainOf(other, layer.level) != demand.tree->DomainOf(node, layer.level))
        return false;
    }
  }
  return true;
}

bool Search::AreAlike(size_t a, size_t b) const {
  const Parts& parts = placer_.parts_;
  if (parts.members[a].part != parts.members[b].part || parts.members[a].cls != parts.members[b].cls)
    return false;
  const Demand& demand = placer_.part(parts.members[a].part).demand;
  return std::all_of(demand.slices.begin(), demand.slices.end(), [&](const SliceLayer& layer) {
    const auto size = static_cast<size_t>(layer.size);
    return position_[a] / size == position_[b] / size;
  });
}

int32_t Search::NodeOf(size_t m) const {
  return chosen_[m] >= 0 ? chosen_[m] : placer_.parts_.members[m].node;
}

}  // namespace muster
