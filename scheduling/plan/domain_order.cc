// SPDX-License-Identifier: Apache-2.0
#include "scheduling/plan/domain_order.h"

#include <algorithm>
#include <utility>

#include "scheduling/plan/distribution.h"

namespace muster {
namespace {

struct Judged {
  DomainId domain = kRootDomain;
  Distribution cost;
};

void Add(const Distribution& more, Distribution& sum) {
  sum.domains.resize(more.domains.size());
  for (size_t level = 0; level < more.domains.size(); ++level) sum.domains[level] += more.domains[level];
  sum.penalty += more.penalty;
  sum.loss += more.loss;
  sum.devices += more.devices;
  sum.left_over += more.left_over;
  sum.cpu_millis += more.cpu_millis;
  sum.memory_bytes += more.memory_bytes;
}

}  // namespace

std::vector<DomainId> BestFirst(const Board& board, const std::vector<ClassNeed>& needs,
                                const CapacityRules& rules, const Scope& scope,
                                const std::vector<DomainId>& domains) {
  std::vector<DomainRoom> room;
  for (const ClassNeed& need : needs) room.push_back(CountCapacity(board, need.cls, rules, scope));
  std::vector<Judged> judged;
  for (const DomainId domain : domains) {
    bool holds = true;
    for (size_t i = 0; i < needs.size(); ++i) holds &= room[i][domain] >= needs[i].members;
    if (!holds) continue;
    Judged& j = judged.emplace_back();
    j.domain = domain;
    for (size_t i = 0; i < needs.size(); ++i) {
      Add(Distribute(board, needs[i].cls, rules, scope, room[i], domain, needs[i].members), j.cost);
    }
  }
  std::stable_sort(judged.begin(), judged.end(),
                   [](const Judged& a, const Judged& b) { return a.cost.CostsLessThan(b.cost); });
  std::vector<DomainId> ordered;
  ordered.reserve(judged.size());
  for (const Judged& j : judged) ordered.push_back(j.domain);
  return ordered;
}

}  // namespace muster
