// SPDX-License-Identifier: Apache-2.0
#include "scheduling/capacity/mix.h"

#include <algorithm>

#include "absl/strings/match.h"

namespace muster {

int64_t MixWeight(const CapacityMix& mix, const PodShape& shape) {
  if (!mix.count_gpus) return 1;
  int64_t gpus = 0;
  for (const auto& [name, amount] : shape.requests.scalars) gpus += absl::EndsWith(name, "/gpu") ? amount : 0;
  return gpus;
}

int64_t KeptShare(const CapacityMix& mix, int64_t total) {
  const int64_t base = std::min(mix.base, total);
  return base + ((total - base) * mix.percent_above + 99) / 100;
}

bool NextIsKept(const CapacityMix& mix, const MixCount& others, int64_t weight) {
  return others.kept < KeptShare(mix, others.kept + others.other + weight);
}

}  // namespace muster
