// SPDX-License-Identifier: Apache-2.0
#include "scheduling/plan/constraints.h"

#include <algorithm>
#include <utility>

namespace muster {
namespace {

size_t At(int32_t index) { return static_cast<size_t>(index); }

// The innermost level that nodes need a domain of beside the required one.
std::optional<size_t> InnermostBeside(Demand demand) {
  demand.required.reset();
  return demand.InnermostNeeded();
}

}  // namespace

Constraints::Constraints(const Board& board, const Parts& parts, const std::vector<Fill>& fills,
                         std::vector<bool> others_here)
    : board_(board),
      parts_(parts),
      fills_(fills),
      others_here_(std::move(others_here)),
      flat_(DomainTree::Flat(At(board.node_count()))) {}

const DomainTree& Constraints::TreeOf(int32_t part) const {
  for (int32_t p = part; p >= 0; p = parts_.all[At(p)].parent) {
    if (parts_.all[At(p)].demand.tree != nullptr) return *parts_.all[At(p)].demand.tree;
  }
  return flat_;
}

CapacityRules Constraints::RulesOf(int32_t part) const {
  CapacityRules rules;
  rules.tree = &TreeOf(part);
  rules.used = UsedDomains(*rules.tree);
  for (int32_t p = part; p >= 0; p = parts_.all[At(p)].parent) {
    const Demand& demand = parts_.all[At(p)].demand;
    // MakeParts refuses spread and exclusive domains over two trees; what is
    // required in another tree is in the scope.
    if (demand.tree != rules.tree) continue;
    if (const auto level = p == left_out_ ? InnermostBeside(demand) : demand.InnermostNeeded()) {
      rules.innermost_needed = std::max(rules.innermost_needed.value_or(0), *level);
    }
    if (demand.spread.has_value()) {
      rules.one_per_domain = std::min(rules.one_per_domain.value_or(*demand.spread), *demand.spread);
      CloseForSpread(p, *demand.spread, rules);
    }
    if (demand.exclusive.has_value()) CloseForExclusive(p, *demand.exclusive, rules);
  }
  return rules;
}

template <typename Visit>
void Constraints::ForEachPlace(const Visit& visit) const {
  for (const Member& member : parts_.members) {
    if (member.node >= 0) visit(member.part, member.node);
  }
  for (const Portion& portion : board_.taken()) {
    const Fill& fill = fills_[portion.fill];
    if (!fill.settled) visit(fill.part, portion.node);
  }
}

std::vector<bool> Constraints::UsedDomains(const DomainTree& tree) const {
  std::vector<bool> used;
  if (tree.levels().empty()) return used;
  ForEachPlace([&](int32_t, int32_t node) {
    if (used.empty()) used.resize(At(tree.domain_count()));
    for (DomainId d = tree.DeepestOf(node); d != kNoDomain; d = tree.domain(d).parent) used[At(d)] = true;
  });
  return used;
}

void Constraints::CloseForSpread(int32_t part, size_t level, CapacityRules& rules) const {
  ForEachPlace([&](int32_t other, int32_t node) {
    if (IsWithin(other, part)) rules.Close(level, node);
  });
}

void Constraints::CloseForExclusive(int32_t part, size_t level, CapacityRules& rules) const {
  for (size_t n = 0; n < others_here_.size(); ++n) {
    if (others_here_[n]) rules.Close(level, static_cast<int32_t>(n));
  }
  ForEachPlace([&](int32_t other, int32_t node) {
    if (IsWithin(other, part)) return;
    for (int32_t p = other; p >= 0; p = parts_.all[At(p)].parent) {
      const std::optional<size_t> others = parts_.all[At(p)].demand.exclusive;
      // Neither may be in what the other has for itself.
      if (others.has_value() && !IsWithin(part, p)) {
        return rules.Close(std::min(level, *others), node);
      }
    }
  });
}

std::vector<int32_t> Constraints::PlacesOf(int32_t part) const {
  std::vector<int32_t> places;
  ForEachPlace([&](int32_t other, int32_t node) {
    if (IsWithin(other, part)) places.push_back(node);
  });
  return places;
}

std::vector<DomainId> Constraints::DomainsOf(int32_t part, const DomainTree& tree, size_t level,
                                             const Scope& scope) const {
  const std::vector<int32_t> places = PlacesOf(part);
  if (places.empty()) return DomainsWithin(tree, level, scope);
  std::vector<DomainId> domains = DomainsOfMost(tree, level, places);
  std::erase_if(domains, [&](DomainId domain) { return !muster::IsWithin(tree, domain, scope); });
  return domains;
}

bool Constraints::IsWithin(int32_t part, int32_t other) const {
  while (part > other) part = parts_.all[At(part)].parent;
  return part == other;
}

}  // namespace muster
