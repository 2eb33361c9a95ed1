// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "server/clock.h"
#include "server/config/config.h"
#include "server/kube/kube_lead.h"
#include "server/lead/elector.h"
#include "server/lead/fenced_api.h"
#include "server/lead/leadership.h"
#include "server/threads/worker.h"

namespace muster {

// This process as one of several replicas: all that the election needs, put
// together. Where there is no election, this process leads.
//
// Threads: thread-safe.
class Candidate {
 public:
  // `lead` is null where there is no election. `epoch` names this process. `ready`
  // says whether the view is complete. `lead` and `api` outlive this and its calls.
  Candidate(const Config::Lead& config, kube::KubeLead* lead, ClusterApi& api, const std::string& epoch,
            std::function<bool()> ready);

  // The writes of this process, which fail while it does not lead.
  ClusterApi& api() { return fenced_; }

  // About ten times a second. Whether this process may go on: it may not once it
  // led and lost the lease.
  bool Tick();

  // The cluster as it is known now.
  void Observe(std::shared_ptr<const ClusterView> view);
  // The ports on which callers are answered. Until then they are told of none.
  void ListensOn(int http, int grpc);
  absl::Status MayDecide() const;

  // Waits until no write is under way, takes this process out of the service, and
  // gives up the lease; no longer than `longest`. Nothing is written afterwards.
  void Resign(absl::Duration longest);

  // Fails what is left of refused writes: nothing runs afterwards. No other
  // function may be called any more, and `lead` and `api` have stopped.
  void Stop() { worker_.reset(); }

 private:
  void Announce(std::function<void(const absl::Status&)> done);
  // Whether another address is the service's by now.
  bool IsSucceeded();
  void RetractUnlessSucceeded(absl::Time until);

  const Config::Lead config_;
  kube::KubeLead* const lead_;
  const bool announces_;  // in the EndpointSlice of the service
  const SteadyClock steady_;
  const RealClock wall_;
  std::optional<Worker> worker_;
  mutable absl::Mutex mu_;
  std::shared_ptr<const ClusterView> view_ ABSL_GUARDED_BY(mu_);
  kube::LeadAddress address_ ABSL_GUARDED_BY(mu_);
  std::unique_ptr<Elector> elector_;
  FencedApi fenced_;
  std::unique_ptr<Leadership> leadership_;
};

}  // namespace muster
