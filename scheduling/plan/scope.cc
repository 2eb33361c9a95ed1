// SPDX-License-Identifier: Apache-2.0
#include "scheduling/plan/scope.h"

#include <numeric>

namespace muster {

bool IsWithin(const DomainTree& tree, DomainId domain, const Scope& scope) {
  const DomainId top = scope.DomainIn(tree);
  while (domain > top) domain = tree.domain(domain).parent;
  return domain == top;
}

std::vector<DomainId> DomainsWithin(const DomainTree& tree, size_t level, const Scope& scope) {
  const DomainTree::Range range = tree.Within(scope.DomainIn(tree), level);
  std::vector<DomainId> domains(static_cast<size_t>(range.end - range.begin));
  std::iota(domains.begin(), domains.end(), range.begin);
  return domains;
}

}  // namespace muster
