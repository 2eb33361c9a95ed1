// SPDX-License-Identifier: Apache-2.0
#include "scheduling/plan/scope.h"

namespace muster {

bool IsWithin(const DomainTree& tree, DomainId domain, const Scope& scope) {
  const DomainId top = scope.DomainIn(tree);
  while (domain > top) domain = tree.domain(domain).parent;
  return domain == top;
}

std::vector<DomainId> DomainsWithin(const DomainTree& tree, size_t level, const Scope& scope) {
  std::vector<DomainId> domains;
  for (DomainId d = tree.FirstOf(level); d < tree.EndOf(level); ++d) {
    if (IsWithin(tree, d, scope)) domains.push_back(d);
  }
  return domains;
}

}  // namespace muster
