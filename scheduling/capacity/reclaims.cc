// SPDX-License-Identifier: Apache-2.0
#include "scheduling/capacity/reclaims.h"

#include <algorithm>
#include <cmath>

namespace muster {
namespace {

constexpr double kForgotten = 0.1;
constexpr double kPenaltyPerNode = 10;
constexpr int64_t kMostPenalty = 1000;

std::string LabelOf(const Node& node, const char* key) {
  const auto at = node.labels.find(key);
  return at == node.labels.end() ? "" : at->second;
}

}  // namespace

Pool PoolOf(const Node& node) {
  return {LabelOf(node, "node.kubernetes.io/instance-type"), LabelOf(node, "topology.kubernetes.io/zone")};
}

int64_t Penalties::Of(const Node& node) const {
  const int64_t own = node.deletion_candidate ? 1 : 0;
  // What is kept has nothing to fear from the pool's spot nodes.
  if (pools_.empty() || node.capacity != CapacityClass::kSpot) return own;
  const Pool pool = PoolOf(node);
  const auto at =
      std::find_if(pools_.begin(), pools_.end(), [&](const auto& entry) { return entry.first == pool; });
  return own + (at == pools_.end() ? 0 : at->second);
}

double Reclaims::Cooled(const Entry& entry, absl::Time now) const {
  return entry.heat * std::exp2(-absl::FDivDuration(now - entry.since, half_life_));
}

void Reclaims::Note(const Pool& pool, absl::Time now) {
  Entry& entry = pools_[pool];
  entry = {entry.heat == 0 ? 1 : Cooled(entry, now) + 1, now};
}

double Reclaims::Heat(const Pool& pool, absl::Time now) const {
  const auto at = pools_.find(pool);
  return at == pools_.end() ? 0 : Cooled(at->second, now);
}

Penalties Reclaims::At(absl::Time now) const {
  std::vector<std::pair<Pool, int64_t>> pools;
  for (const auto& [pool, entry] : pools_) {
    const double heat = Cooled(entry, now);
    if (heat < kForgotten) continue;
    pools.emplace_back(pool,
                       std::min(kMostPenalty, static_cast<int64_t>(std::llround(heat * kPenaltyPerNode))));
  }
  return Penalties(std::move(pools));
}

void Reclaims::Forget(absl::Time now) {
  std::erase_if(pools_, [&](const auto& entry) { return Cooled(entry.second, now) < kForgotten; });
}

}  // namespace muster
