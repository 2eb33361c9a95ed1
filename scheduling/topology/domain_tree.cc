// SPDX-License-Identifier: Apache-2.0
#include "scheduling/topology/domain_tree.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "scheduling/topology/levels.h"
#include "scheduling/topology/natural_order.h"

namespace muster {
namespace {

// Domains numbered as the nodes mention them first.
class Discovery {
 public:
  struct Found {
    absl::string_view name;
    DomainId parent;
    int32_t level;
    DomainId latest_child;
  };

  DomainId ChildOf(DomainId parent, int32_t level, absl::string_view name) {
    // Neighbours mostly share a domain; this spares most of the hashing.
    DomainId& latest = at(parent).latest_child;
    if (latest != kNoDomain && at(latest).name == name) return latest;
    const auto [entry, is_new] = by_name_.try_emplace({parent, name}, static_cast<DomainId>(found_.size()));
    latest = entry->second;
    if (is_new) found_.push_back({name, parent, level, kNoDomain});
    return entry->second;
  }

  const std::vector<Found>& found() const { return found_; }

  // The domains level by level, siblings adjacent and in natural order.
  std::vector<DomainId> Ordered() const {
    std::vector<int32_t> begin(found_.size() + 1, 0);  // of each one's children
    for (size_t d = 1; d < found_.size(); ++d) ++begin[static_cast<size_t>(found_[d].parent) + 1];
    for (size_t d = 1; d < begin.size(); ++d) begin[d] += begin[d - 1];
    std::vector<DomainId> children(found_.size() - 1);
    std::vector<int32_t> next(begin.begin(), begin.end() - 1);
    for (size_t d = 1; d < found_.size(); ++d) {
      children[static_cast<size_t>(next[static_cast<size_t>(found_[d].parent)]++)] = static_cast<DomainId>(d);
    }
    const auto before = [&](DomainId a, DomainId b) {
      return NaturallyBefore(found_[static_cast<size_t>(a)].name, found_[static_cast<size_t>(b)].name);
    };
    std::vector<DomainId> ordered = {kRootDomain};
    ordered.reserve(found_.size());
    for (size_t i = 0; i < ordered.size(); ++i) {
      const auto first = children.begin() + begin[static_cast<size_t>(ordered[i])];
      const auto last = children.begin() + begin[static_cast<size_t>(ordered[i]) + 1];
      if (!std::is_sorted(first, last, before)) std::sort(first, last, before);
      ordered.insert(ordered.end(), first, last);
    }
    return ordered;
  }

 private:
  Found& at(DomainId id) { return found_[static_cast<size_t>(id)]; }

  std::vector<Found> found_ = {{"", kNoDomain, -1, kNoDomain}};
  absl::flat_hash_map<std::pair<DomainId, absl::string_view>, DomainId> by_name_;
};

}  // namespace

DomainTree::DomainTree(std::vector<Level> levels, size_t node_count,
                       absl::Span<const absl::string_view> names)
    : levels_(std::move(levels)), paths_(names.size(), kNoDomain), deepest_(node_count, kRootDomain) {
  Discovery discovery;
  for (size_t n = 0; n < node_count; ++n) {
    for (size_t l = 0; l < levels_.size(); ++l) {
      const size_t cell = n * levels_.size() + l;
      if (names[cell].empty()) break;
      deepest_[n] = discovery.ChildOf(deepest_[n], static_cast<int32_t>(l), names[cell]);
      paths_[cell] = deepest_[n];
    }
  }

  const std::vector<DomainId> ordered = discovery.Ordered();
  std::vector<DomainId> id_of(ordered.size());
  for (size_t i = 0; i < ordered.size(); ++i)
    id_of[static_cast<size_t>(ordered[i])] = static_cast<DomainId>(i);
  for (DomainId& domain : deepest_) domain = id_of[static_cast<size_t>(domain)];
  for (DomainId& domain : paths_) {
    if (domain != kNoDomain) domain = id_of[static_cast<size_t>(domain)];
  }

  domains_.resize(ordered.size());
  level_begin_.assign(levels_.size() + 1, static_cast<DomainId>(ordered.size()));
  for (size_t i = ordered.size(); i-- > 0;) {
    const Discovery::Found& found = discovery.found()[static_cast<size_t>(ordered[i])];
    domains_[i].name = std::string(found.name);
    domains_[i].level = found.level;
    if (i == 0) break;
    domains_[i].parent = id_of[static_cast<size_t>(found.parent)];
    Domain& parent = domains_[static_cast<size_t>(domains_[i].parent)];
    parent.first_child = static_cast<DomainId>(i);
    ++parent.children;
    // A level that no node has begins where the next one does: at the end.
    level_begin_[static_cast<size_t>(found.level)] = static_cast<DomainId>(i);
  }
  SetNodeRanges();
}

DomainTree DomainTree::Flat(size_t node_count) { return DomainTree({}, node_count, {}); }

DomainTree DomainTree::ByLabels(std::vector<Level> levels, absl::Span<const Node* const> nodes) {
  std::vector<absl::string_view> names(nodes.size() * levels.size());
  for (size_t n = 0; n < nodes.size(); ++n) {
    for (size_t l = 0; l < levels.size(); ++l) {
      const auto label = nodes[n]->labels.find(levels[l].key);
      if (label == nodes[n]->labels.end()) break;
      names[n * levels.size() + l] = label->second;
    }
  }
  return DomainTree(std::move(levels), nodes.size(), names);
}

void DomainTree::SetNodeRanges() {
  const std::vector<int32_t> ones(deepest_.size(), 1);
  const std::vector<int32_t> nodes = SumUp(absl::MakeConstSpan(ones));
  std::vector<int32_t> next(domains_.size(), 0);  // where the next child's nodes, then the next own node go
  for (size_t d = 0; d < domains_.size(); ++d) {
    Domain& domain = domains_[d];
    domain.nodes = nodes[d];
    if (d > 0) {
      int32_t& place = next[static_cast<size_t>(domain.parent)];
      domain.first_node = place;
      place += domain.nodes;
    }
    next[d] = domain.first_node;
  }
  order_.resize(deepest_.size());
  for (size_t n = 0; n < deepest_.size(); ++n) {
    order_[static_cast<size_t>(next[static_cast<size_t>(deepest_[n])]++)] = static_cast<int32_t>(n);
  }
  position_.resize(order_.size());
  for (size_t i = 0; i < order_.size(); ++i)
    position_[static_cast<size_t>(order_[i])] = static_cast<int32_t>(i);
}

DomainTree::Range DomainTree::ChildrenOf(Range range) const {
  while (range.begin < range.end && domain(range.begin).children == 0) ++range.begin;
  while (range.begin < range.end && domain(range.end - 1).children == 0) --range.end;
  if (range.begin == range.end) return {kRootDomain, kRootDomain};
  const Domain& last = domain(range.end - 1);
  return {domain(range.begin).first_child, last.first_child + last.children};
}

DomainTree::Range DomainTree::Within(DomainId around, size_t level) const {
  const int32_t from = domain(around).level;
  if (from > static_cast<int32_t>(level)) return {kRootDomain, kRootDomain};
  Range range{around, around + 1};
  for (int32_t l = from; l < static_cast<int32_t>(level); ++l) range = ChildrenOf(range);
  return range;
}

int32_t DomainTree::NodesOutside(size_t level) const {
  int32_t inside = 0;
  for (DomainId id = FirstOf(level); id < EndOf(level); ++id) inside += domain(id).nodes;
  return node_count() - inside;
}

std::string DomainTree::PathOf(DomainId id) const {
  if (id == kRootDomain) return "";
  const std::string above = PathOf(domain(id).parent);
  return absl::StrCat(above, above.empty() ? "" : "/", Shortened(domain(id).name));
}

}  // namespace muster
