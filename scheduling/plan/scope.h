// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "scheduling/topology/domain_tree.h"

namespace muster {

// The nodes among which a part of a gang is to be placed: those that are in
// one domain of each tree that was narrowed to. At first all nodes.
class Scope {
 public:
  // The scope's domain in `tree`; the root if it was not narrowed in that tree.
  DomainId DomainIn(const DomainTree& tree) const {
    for (const auto& [other, domain] : domains_) {
      if (other == &tree) return domain;
    }
    return kRootDomain;
  }

  // The nodes of this scope that are in `domain` of `tree`.
  // REQUIRES: `domain` is within DomainIn(tree).
  Scope NarrowedTo(const DomainTree& tree, DomainId domain) const {
    Scope scope = *this;
    for (auto& [other, old] : scope.domains_) {
      if (other != &tree) continue;
      old = domain;
      return scope;
    }
    scope.domains_.emplace_back(&tree, domain);
    return scope;
  }

  bool Contains(int32_t node) const {
    for (const auto& [tree, domain] : domains_) {
      const int32_t level = tree->domain(domain).level;
      if (level >= 0 && tree->DomainOf(node, static_cast<size_t>(level)) != domain) return false;
    }
    return true;
  }

 private:
  absl::InlinedVector<std::pair<const DomainTree*, DomainId>, 2> domains_;
};

// Whether `domain` of the tree is within the scope's domain of it.
bool IsWithin(const DomainTree& tree, DomainId domain, const Scope& scope);

// The domains of a level that are within the scope's domain of the tree.
std::vector<DomainId> DomainsWithin(const DomainTree& tree, size_t level, const Scope& scope);

}  // namespace muster
