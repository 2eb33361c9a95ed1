// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "scheduling/replay/policy.h"
#include "scheduling/replay/trace.h"

namespace muster::replay {

// A kind of pod, and which part of all pods that ask for GPUs is of it.
struct Share {
  Ask ask;
  double share = 0;
};

// The kinds of pods that ask for GPUs, the most frequent first, until they are
// `part` of all; memory does not count. Ties are in the order of the trace.
std::vector<Share> PodShares(const std::vector<Ask>& pods, double part);

// Fragmentation as FGD defines it: how much of what is free of the GPUs a pod
// picked from `shares` can be expected not to be able to use, in thousandths of
// a GPU. Pods that ask for no GPU are left out: they can use none anywhere.
double Fragment(const Room& room, const std::vector<Share>& shares);

std::unique_ptr<Policy> MakeFgd(const Trace& trace);

}  // namespace muster::replay
