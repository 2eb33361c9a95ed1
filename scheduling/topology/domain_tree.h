// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "scheduling/model/node.h"
#include "scheduling/model/topology.h"

namespace muster {

// Dense: 0 is the root, domains of one level have adjacent ids, outer levels
// the smaller ones; so a parent's id is below those of its children.
using DomainId = int32_t;
inline constexpr DomainId kRootDomain = 0;  // the whole cluster
inline constexpr DomainId kNoDomain = -1;

// All nodes that are in one place at some level.
struct Domain {
  std::string name;  // within its parent; "" for the root
  DomainId parent = kNoDomain;
  int32_t level = -1;        // index into levels(); -1 for the root
  DomainId first_child = 0;  // children are adjacent, in natural order of their names
  int32_t children = 0;
  int32_t first_node = 0;  // where NodesOf begins
  int32_t nodes = 0;       // in it, at whatever depth
};

// The domains of one topology and the nodes in them.
//
// A domain is its whole path: rack-1 of block-a is not rack-1 of block-b. A
// node without a domain at some level has none at the levels below either; it
// belongs to the deepest domain above, at least to the root.
//
// Nodes are numbered as they were given to the constructor. Immutable.
class DomainTree {
 public:
  // The tree of `node_count` nodes by names: names[n * levels.size() + l] is
  // the domain of node n at level l, empty if it has none.
  // REQUIRES: CheckLevels(levels) is OK, at most for one level too many; names
  //           has that size.
  // Cost: O(names), and sorting siblings; hashing where neighbours differ.
  DomainTree(std::vector<Level> levels, size_t node_count, absl::Span<const absl::string_view> names);

  // The tree by the labels of `nodes`; a label without a value counts as none.
  // REQUIRES: CheckLevels(levels) is OK.
  static DomainTree ByLabels(std::vector<Level> levels, absl::Span<const Node* const> nodes);

  // A tree without any level: all nodes are in the root alone.
  static DomainTree Flat(size_t node_count);

  const std::vector<Level>& levels() const { return levels_; }  // outermost first
  int32_t domain_count() const { return static_cast<int32_t>(domains_.size()); }
  int32_t node_count() const { return static_cast<int32_t>(deepest_.size()); }

  const Domain& domain(DomainId id) const { return domains_[static_cast<size_t>(id)]; }
  // The domains of a level are the ids from FirstOf(level) up to EndOf(level).
  DomainId FirstOf(size_t level) const { return level_begin_[level]; }
  DomainId EndOf(size_t level) const { return level_begin_[level + 1]; }

  // The domains directly within those of a range of one level; adjacent as well.
  struct Range {
    DomainId begin;
    DomainId end;
  };
  Range ChildrenOf(Range range) const;
  // The domains of a level that are within `around`; itself at its own level.
  Range Within(DomainId around, size_t level) const;

  // The node's domain at a level, kNoDomain if it has none. O(1).
  DomainId DomainOf(int32_t node, size_t level) const {
    return paths_[static_cast<size_t>(node) * levels_.size() + level];
  }
  // The node's innermost domain; the root if it has no other.
  DomainId DeepestOf(int32_t node) const { return deepest_[static_cast<size_t>(node)]; }

  // The nodes of a domain: those of each child in turn, then those of none.
  absl::Span<const int32_t> NodesOf(DomainId id) const {
    return absl::MakeConstSpan(order_).subspan(static_cast<size_t>(domain(id).first_node),
                                               static_cast<size_t>(domain(id).nodes));
  }

  // Where the node is among NodesOf the root, and so of every domain around it.
  int32_t PositionOf(int32_t node) const { return position_[static_cast<size_t>(node)]; }

  // How many nodes have no domain at a level.
  int32_t NodesOutside(size_t level) const;

  // The names from the outermost domain to this one, as "block-a/rack-1"; ""
  // for the root.
  std::string PathOf(DomainId id) const;

  // For every domain the sum of `per_node` over its nodes. One pass.
  // REQUIRES: one value per node.
  template <typename T>
  std::vector<T> SumUp(absl::Span<const T> per_node) const {
    std::vector<T> sums(domains_.size());
    for (size_t n = 0; n < deepest_.size(); ++n) sums[static_cast<size_t>(deepest_[n])] += per_node[n];
    for (size_t d = domains_.size() - 1; d > 0; --d) sums[static_cast<size_t>(domains_[d].parent)] += sums[d];
    return sums;
  }

 private:
  void SetNodeRanges();

  std::vector<Level> levels_;
  std::vector<Domain> domains_;        // by id
  std::vector<DomainId> level_begin_;  // one more than levels
  std::vector<DomainId> paths_;        // nodes x levels
  std::vector<DomainId> deepest_;      // per node
  std::vector<int32_t> order_;         // the nodes, those of every domain adjacent
  std::vector<int32_t> position_;      // per node, its index in order_
};

}  // namespace muster
