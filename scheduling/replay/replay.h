// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "scheduling/replay/fgd.h"
#include "scheduling/replay/policy.h"
#include "scheduling/replay/trace.h"

namespace muster::replay {

// How full the cluster was when pods that ask for so much had come.
struct Mark {
  double arrived = 0;        // of the cluster's GPUs, what was asked for: 1 is all of them
  double allocated = 0;      // of the cluster's GPUs, what pods have
  double fragmentation = 0;  // of what is free, what a pod of the trace can be expected not to be able to use
};

// The protocol of FGD: pods come one by one, each is placed at once or never,
// and none leaves.
//
// Threads: thread-compatible.
class Replay {
 public:
  // `trace` outlives it.
  Replay(const Trace& trace, std::unique_ptr<Policy> policy);

  // Lets one pod come. Returns whether it found a place.
  bool Arrive(const Ask& pod);

  // How full it is now. Cost: nodes times kinds of pods.
  Mark Now() const;
  double arrived() const { return static_cast<double>(arrived_) / static_cast<double>(capacity_); }

 private:
  const std::vector<Share> shares_;
  const int64_t capacity_;
  std::vector<Room> nodes_;
  const std::unique_ptr<Policy> policy_;
  int64_t arrived_ = 0;
  int64_t allocated_ = 0;
};

// The pods of the trace in the order of one run: shuffled; followed by copies
// of pods picked at random until all together ask for `demand` of the cluster's
// GPUs, or where they ask for more, without pods picked at random.
// `random(n)` picks a number less than n.
std::vector<Ask> Arrivals(const Trace& trace, double demand, const std::function<uint64_t(uint64_t)>& random);

}  // namespace muster::replay
