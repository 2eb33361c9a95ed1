// SPDX-License-Identifier: Apache-2.0
#include "scheduling/plan/domain_order.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace muster {
namespace {

struct Judged {
  DomainId domain = kRootDomain;
  std::vector<int64_t> used;  // domains of each level
  int64_t devices = 0;
  int64_t left_over = 0;
  int64_t cpu_millis = 0;
  int64_t memory_bytes = 0;

  bool operator<(const Judged& other) const {
    return std::tie(used, devices, left_over, cpu_millis, memory_bytes) <
           std::tie(other.used, other.devices, other.left_over, other.cpu_millis, other.memory_bytes);
  }
};

}  // namespace

std::vector<DomainId> BestFirst(const Board& board, const std::vector<ClassNeed>& needs,
                                const CapacityRules& rules, const Scope& scope,
                                const std::vector<DomainId>& domains) {
  std::vector<Judged> judged;
  for (const DomainId domain : domains) judged.emplace_back().domain = domain;
  for (size_t i = 0; i < needs.size(); ++i) {
    const std::vector<int64_t> capacity = CountCapacity(board, needs[i].cls, rules, scope);
    const auto room = [&](const Judged& j) { return capacity[static_cast<size_t>(j.domain)]; };
    std::erase_if(judged, [&](const Judged& j) { return room(j) < needs[i].members; });
    if (i > 0) continue;
    for (Judged& j : judged) {
      j.left_over = room(j) - needs[i].members;
      if (needs.size() > 1) continue;
      Distribution distribution =
          Distribute(board, needs[i].cls, rules, scope, capacity, j.domain, needs[i].members);
      j.used = std::move(distribution.domains);
      j.devices = distribution.devices;
      j.cpu_millis = distribution.cpu_millis;
      j.memory_bytes = distribution.memory_bytes;
    }
  }
  std::stable_sort(judged.begin(), judged.end());
  std::vector<DomainId> ordered;
  ordered.reserve(judged.size());
  for (const Judged& j : judged) ordered.push_back(j.domain);
  return ordered;
}

}  // namespace muster
