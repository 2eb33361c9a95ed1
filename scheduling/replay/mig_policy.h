// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "scheduling/choice/mig_gpu.h"
#include "scheduling/choice/room.h"

namespace muster::replay {

// GPUs of one product that are cut into MIG instances as pods ask for them, and
// the pods that ask.
//
// Invariant: the GPUs of a node stand side by side, `gpus_per_node` of each but
//            the last, which may have fewer.
struct MigCluster {
  int32_t geometry = 0;  // by number in MigGeometries()
  size_t gpus_per_node = 8;
  std::vector<MigGpu> gpus;
  std::vector<Ask> asks;  // every kind of pod, each for one instance
};

// Where an instance goes: a placement of the geometry, by its number.
struct MigSpot {
  size_t gpu = 0;
  size_t placement = 0;
};

// A way to choose a GPU and a start on it for instances that come one by one.
// Of equal ones the first GPU, then the lowest start.
//
// Threads: thread-compatible.
class MigPolicy {
 public:
  virtual ~MigPolicy() = default;

  // Where a pod of `asks[kind]` goes; unset exactly if no GPU has a start for it.
  virtual std::optional<MigSpot> Choose(size_t kind) = 0;
  // The instances of the GPU are no longer what they were.
  virtual void Changed(size_t gpu) { static_cast<void>(gpu); }
};

// The names of all policies, Muster's own first:
//   muster     the engine's own choice (scheduling/choice)
//   first-fit  the first GPU that has a start, the lowest one
//   best-fit   the fullest GPU that has a start, the lowest one
//   fgd        the least growth of fragmentation: of what is free, as much as kinds of pods can't use,
//              each by its share of those that came
//   hami       HAMi's order: the fullest node, its emptiest GPU; of profiles with one or three
//              compute slices the highest start, of others the lowest
//   packed     HAMi's starts, but on the fullest GPU of all
absl::Span<const absl::string_view> MigPolicyNames();

// Null if there is no policy of this name. `cluster` must outlive it; it changes
// as the policy is told.
std::unique_ptr<MigPolicy> MakeMigPolicy(absl::string_view name, const MigCluster& cluster);

}  // namespace muster::replay
