// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "scheduling/verbs.h"
#include "server/service.h"
#include "test/simulation/bind_call.h"

namespace muster::test {

// Whom the simulated kube-scheduler asks: Muster, or a script. Errors are
// malfunctions, such as a connection that is refused.
class SimulatedExtender {
 public:
  virtual ~SimulatedExtender() = default;

  virtual absl::StatusOr<FilterAnswer> Filter(const FilterCall& call) = 0;
  virtual absl::StatusOr<std::vector<EvictionOption>> Preempt(const PreemptCall& call) = 0;
  // Its answer goes to `held`, unless this is an error already.
  virtual absl::Status Bind(const BindCall& call, std::shared_ptr<SimulatedBindCall> held) = 0;

  // Until when the caller of the last filter call waits for its answer.
  virtual absl::Time FilterTakesUntil() const { return absl::InfinitePast(); }
  // Stands for the process that answers now; null if none does.
  virtual const void* Server() { return this; }
};

}  // namespace muster::test
