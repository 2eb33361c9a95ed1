// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "scheduling/model/capacity_wish.h"
#include "scheduling/model/pod.h"

namespace muster {

// How much of a workload is where, in the unit of its mix.
struct MixCount {
  int64_t kept = 0;   // on nodes that are on demand or reserved
  int64_t other = 0;  // anywhere else
};

// What a pod counts in the mix: 1, or its GPUs.
int64_t MixWeight(const CapacityMix& mix, const PodShape& shape);

// Of `total`, how much is on demand: the base, and the percentage of what is
// above, rounded up. It never falls when the total grows, and grows by at most
// as much.
int64_t KeptShare(const CapacityMix& mix, int64_t total);

// Whether the next pod, which counts `weight`, goes on demand beside the others.
//
// Invariant: a workload that grows from nothing one pod at a time, each where
//            this says, has exactly KeptShare on demand where pods are counted;
//            after pods went, every next one brings it nearer to that.
bool NextIsKept(const CapacityMix& mix, const MixCount& others, int64_t weight);

}  // namespace muster
