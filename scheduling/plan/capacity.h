// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/types/span.h"
#include "scheduling/plan/board.h"
#include "scheduling/plan/demand.h"
#include "scheduling/plan/scope.h"

namespace muster {

// What limits the members of a class beside the room on each node.
struct CapacityRules {
  const DomainTree* tree = nullptr;
  std::vector<SliceLayer> layers;          // only whole slices count
  std::optional<size_t> one_per_domain;    // at most one member in a domain of this level
  std::optional<size_t> innermost_needed;  // nodes without a domain of this level do not count
  // Of a class whose members are placed one by one, how many are to come; 0 of
  // others, or where rules about other pods are left out.
  int64_t in_turn = 0;
  std::vector<bool> closed;  // by domain: no member may come; empty: none is closed
  std::vector<bool> used;    // by domain: the gang is there already; empty: nowhere

  // Closes the domain of the level that the node is in, if it is in one.
  void Close(size_t level, int32_t node);
};

// How many more members of a class a domain holds, for all domains within one.
class DomainRoom {
 public:
  DomainRoom() = default;
  // No room in any domain within `top`. The tree outlives it.
  DomainRoom(const DomainTree& tree, DomainId top);

  // 0 outside of the domain that it was made for.
  int64_t operator[](DomainId domain) const {
    const size_t i = IndexOf(domain);
    return i < room_.size() ? room_[i] : 0;
  }
  // REQUIRES: `domain` is within the one that it was made for.
  int64_t& Of(DomainId domain) { return room_[IndexOf(domain)]; }

  // The domains of each level, outermost first.
  absl::Span<const DomainTree::Range> levels() const { return levels_; }

 private:
  size_t IndexOf(DomainId domain) const;

  const DomainTree* tree_ = nullptr;
  int32_t top_level_ = 0;
  absl::InlinedVector<DomainTree::Range, 8> levels_;
  absl::InlinedVector<size_t, 8> offsets_;  // of each level's first in room_
  std::vector<int64_t> room_;
};

// How many more members of the class the domains of rules.tree hold within
// `scope`. Every layer of slices rounds down at its level, so that what
// is counted further out can really be divided further in.
//
// Cost: O(nodes + domains) of the scope.
DomainRoom CountCapacity(const Board& board, size_t cls, const CapacityRules& rules, const Scope& scope);

// How many more members of the class a node holds, whatever limits the domains
// around it; none outside of `scope`.
int64_t RoomOn(const Board& board, size_t cls, const CapacityRules& rules, const Scope& scope, int32_t node);

}  // namespace muster
