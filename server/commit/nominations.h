// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "scheduling/engine/engine.h"
#include "server/cluster_api.h"
#include "server/commit/bindings.h"

namespace muster {

// Nominates planned members to their nodes, and clears nominations that have
// no seat any more.
//
// Why:     a nomination is the only way to wake a pod in kube-scheduler's queue
//          and to have it look at one certain node. kube-scheduler clears it
//          after every refusal of its own, so the wish is compared with the
//          view again and again.
// Time:    callers pass it in.
// Threads: thread-compatible; Decisions serialises callers.
class Nominations {
 public:
  explicit Nominations(ClusterApi& api) : api_(api) {}

  // Filter was just asked about this pod: kube-scheduler will write its status
  // in a moment and wipe what is nominated until then.
  void WasFiltered(const PodUid& uid, absl::Time now) { filtered_[uid] = now; }

  // Asks the API for what the engine wants, each pod at most once in a while.
  void Tick(const Engine& engine, absl::Time now, Effects& effects);

  int64_t sent() const { return sent_; }

 private:
  struct Sent {
    NodeName node;
    absl::Time next;  // earliest time to ask for the same again
    absl::Duration pause;
  };

  ClusterApi& api_;
  absl::flat_hash_map<PodUid, absl::Time> filtered_;
  std::map<PodUid, Sent> last_;
  int64_t sent_ = 0;
};

}  // namespace muster
