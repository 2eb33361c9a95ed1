// SPDX-License-Identifier: Apache-2.0
#include "scheduling/plan/capacity.h"

#include <algorithm>
#include <string>

namespace muster {
namespace {

size_t At(int32_t index) { return static_cast<size_t>(index); }

bool IsClosed(const CapacityRules& rules, DomainId domain) {
  if (rules.closed.empty()) return false;
  while (domain != kNoDomain && !rules.closed[At(domain)]) domain = rules.tree->domain(domain).parent;
  return domain != kNoDomain;
}

int64_t Limited(const CapacityRules& rules, DomainId domain, int64_t members) {
  if (IsClosed(rules, domain)) return 0;
  const int32_t level = rules.tree->domain(domain).level;
  for (const SliceLayer& layer : rules.layers) {
    if (static_cast<int32_t>(layer.level) == level) members -= members % layer.size;
  }
  if (rules.one_per_domain.has_value() && static_cast<int32_t>(*rules.one_per_domain) <= level) {
    members = std::min<int64_t>(members, 1);
  }
  return members;
}

}  // namespace

void CapacityRules::Close(size_t level, int32_t node) {
  const DomainId domain = tree->DomainOf(node, level);
  if (domain == kNoDomain) return;
  if (closed.empty()) closed.resize(At(tree->domain_count()));
  closed[At(domain)] = true;
}

DomainRoom::DomainRoom(const DomainTree& tree, DomainId top)
    : tree_(&tree), top_level_(tree.domain(top).level) {
  size_t domains = 0;
  for (DomainTree::Range range{top, top + 1}; range.begin < range.end; range = tree.ChildrenOf(range)) {
    levels_.push_back(range);
    offsets_.push_back(domains);
    domains += At(range.end - range.begin);
  }
  room_.resize(domains);
}

size_t DomainRoom::IndexOf(DomainId domain) const {
  const int32_t below = tree_->domain(domain).level - top_level_;
  if (below < 0 || below >= static_cast<int32_t>(levels_.size())) return room_.size();
  const DomainTree::Range& range = levels_[At(below)];
  if (domain < range.begin || domain >= range.end) return room_.size();
  return offsets_[At(below)] + At(domain - range.begin);
}

int64_t RoomOn(const Board& board, size_t cls, const CapacityRules& rules, const Scope& scope, int32_t node) {
  const bool needed = rules.innermost_needed.has_value();
  if (needed && rules.tree->DomainOf(node, *rules.innermost_needed) == kNoDomain) return 0;
  if (!scope.Contains(node)) return 0;
  return rules.in_turn > 0 ? board.RoomInTurn(cls, node, rules.in_turn) : board.Capacity(cls, node);
}

DomainRoom CountCapacity(const Board& board, size_t cls, const CapacityRules& rules, const Scope& scope) {
  const DomainTree& tree = *rules.tree;
  const DomainId top = scope.DomainIn(tree);
  DomainRoom capacity(tree, top);
  for (const int32_t n : tree.NodesOf(top)) {
    capacity.Of(tree.DeepestOf(n)) += RoomOn(board, cls, rules, scope, n);
  }
  for (size_t level = capacity.levels().size(); level-- > 0;) {
    for (DomainId d = capacity.levels()[level].begin; d < capacity.levels()[level].end; ++d) {
      int64_t& room = capacity.Of(d);
      room = Limited(rules, d, room);
      if (rules.in_turn > 0 && room > 0 && tree.domain(d).level >= 0) {
        const std::string& key = tree.levels()[At(tree.domain(d).level)].key;
        room = std::min(room, board.RoomInTurnBy(cls, key, tree.NodesOf(d).front(), rules.in_turn));
      }
      if (level > 0) capacity.Of(tree.domain(d).parent) += room;
    }
  }
  // What limits a domain around the scope limits the scope.
  int64_t& room = capacity.Of(top);
  for (DomainId d = top; d > kRootDomain; d = tree.domain(d).parent) {
    room = std::min(room, Limited(rules, tree.domain(d).parent, room));
  }
  return capacity;
}

}  // namespace muster
