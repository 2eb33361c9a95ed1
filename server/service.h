// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "scheduling/engine/expansion.h"
#include "scheduling/model/cluster_view.h"
#include "scheduling/report.h"
#include "scheduling/verbs.h"

namespace muster {

// A bind call whose answer is outstanding. An adapter makes one per call.
// Threads: thread-safe.
class HeldCall {
 public:
  virtual ~HeldCall() = default;
  // Whether somebody still waits for the answer.
  virtual bool Alive() const = 0;
  // Ends the call. Called exactly once, and never blocks.
  virtual void Answer(const absl::Status& status) = 0;
};

// The verbs, as the HTTP and the gRPC adapter call them.
// Threads: thread-safe.
class Service {
 public:
  virtual ~Service() = default;

  virtual FilterAnswer Filter(const FilterCall& call) = 0;

  // One score per candidate, in the order of the call.
  virtual std::vector<int64_t> Prioritize(const FilterCall& call) = 0;

  // Returns at once. `held` is answered when the pod is bound (OK) or will not
  // be (the reason), perhaps within this call, perhaps after minutes.
  virtual void Bind(const BindCall& call, std::shared_ptr<HeldCall> held) = 0;

  virtual std::vector<EvictionOption> Preempt(const PreemptCall& call) = 0;

  // Plans every pending gang of `view` in queue order, as a dry run. Nothing
  // of it is promised. The live cluster is planned if `view` is null.
  virtual std::vector<GangReport> Plan(const ClusterView* view) = 0;

  // The state of one gang. kNotFound if no pod declares it.
  virtual absl::StatusOr<GangReport> Explain(const GangId& gang) = 0;

  // The gang of a pod. kNotFound if there is no such pod or it has no gang.
  virtual absl::StatusOr<GangId> GangOf(const PodName& pod) = 0;

  // All gangs with a member that is not finished, by name.
  virtual std::vector<GangReport> ListGangs() = 0;

  // What an autoscaler should buy of what it could; see ChooseExpansion.
  virtual ExpanderChoice Expand(const Expansion& expansion) {
    ExpanderChoice all;
    for (size_t o = 0; o < expansion.options.size(); ++o) all.options.push_back(o);
    return all;
  }

  // A number that grows with every change that ListGangs can show.
  virtual uint64_t Revision() const = 0;

  // Whether the view of the cluster is complete.
  virtual bool Ready() const = 0;

  // OK while verbs decide here. Otherwise kUnavailable says why not: the view is
  // not complete, or another replica leads.
  virtual absl::Status MayDecide() const {
    return Ready() ? absl::OkStatus()
                   : absl::UnavailableError("not ready: the view of the cluster is not complete");
  }
};

}  // namespace muster
