// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "scheduling/choice/mig_gpu.h"

namespace muster {

// All of one GPU, in the unit of what is free of it and asked of it.
inline constexpr int32_t kWholeGpu = 1000;

// What a pod asks of the node it goes to, as far as it matters for what is left
// there.
struct Ask {
  int64_t cpu_millis = 0;
  int64_t memory_bytes = 0;
  int32_t gpus = 0;                  // how many GPUs that can be shared
  int32_t milli = 0;                 // thousandths of each of them; less than kWholeGpu only for one
  std::vector<int64_t> counts = {};  // of devices that are only counted, by the caller's numbering
  std::string profile = "";          // of one MIG instance, of a GPU that is cut as these come; empty: none
  uint64_t where = 0;                // which nodes it may go to, by the caller's numbering
  float worth = 0;                   // what it is worth to have it placed, in GPUs

  friend bool operator==(const Ask&, const Ask&) = default;
  template <typename H>
  friend H AbslHashValue(H h, const Ask& a) {
    return H::combine(std::move(h), a.cpu_millis, a.memory_bytes, a.gpus, a.milli, a.counts, a.profile,
                      a.where, a.worth);
  }
};

// What is free on a node, or of one of its GPUs that is cut into MIG instances as
// these come: such a GPU is a room of its own, since no instance is on two. Nodes,
// and GPUs, with equal rooms are interchangeable.
//
// Invariant: `gpus` ascend. With `mig` there is nothing else but `kind`.
struct Room {
  int64_t cpu_millis = 0;
  int64_t memory_bytes = 0;
  std::vector<int32_t> gpus = {};    // thousandths free of each GPU that can be shared
  std::vector<int64_t> counts = {};  // free devices that are only counted, numbered as in Ask
  MigGpu mig = {};
  int32_t kind = 0;  // what else decides which asks may come here

  friend bool operator==(const Room&, const Room&) = default;
  template <typename H>
  friend H AbslHashValue(H h, const Room& r) {
    return H::combine(std::move(h), r.cpu_millis, r.memory_bytes, r.gpus, r.counts, r.mig, r.kind);
  }
};

// Whether the ask fits, wherever it may go.
bool HasRoom(const Room& room, const Ask& ask);

// How many of `ask` fit side by side, by the one amount that ends first, and
// with the part of one that is left over; 0 if none fits. A shared GPU counts
// with all that is free of it if one fits there, as for FGD (Weng et al.,
// USENIX ATC 2023).
// Of MIG instances those that can be expected to fit (StartsToExpect).
double Usable(const Room& room, const Ask& ask);

// What is left of the room once the ask is there: one result for each GPU that
// a shared ask could go to, the tightest first, GPUs of which as much is free
// counted once, or for each start of a MIG instance, the lowest first; otherwise
// one. Empty exactly if it has no room.
std::vector<Room> RoomsAfter(const Room& room, const Ask& ask);

}  // namespace muster
