// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "scheduling/model/cluster_view.h"
#include "server/commit/touches.h"

namespace muster {

// Gives every pending pod that a leader seats (members of gangs, and pods that
// ask for devices) another version, so that a binding which a former leader
// sent, and which arrives late, fails on its precondition.
//
// Why:     a process that was stopped between its look at the clock and its call
//          to the API server goes on with the call, however long it slept.
// Threads: thread-compatible; replies of the API may come on any thread.
class Takeover {
 public:
  // `epoch` is written to the pods. `api` outlives this and its calls.
  Takeover(ClusterApi& api, std::string epoch);

  // Starts with the pods of `view`. Without effect once it was called.
  void Begin(const ClusterView& view);
  bool Begun() const;
  // Sends what is left, a bounded number at a time.
  void Tick();
  // Whether every pod has another version, or is gone.
  bool Done() const;

 private:
  std::string epoch_;
  Touches touches_;
  bool begun_ = false;
};

}  // namespace muster
