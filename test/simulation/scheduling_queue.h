// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>

#include "absl/time/time.h"
#include "scheduling/model/pod.h"

namespace muster::test {

// kube-scheduler's queue: pods that may be tried, that back off, and that wait
// for something to happen.
//
// Source: pkg/scheduler/backend/queue of Kubernetes 1.37: backoff of 1 to 10 s,
//         pods wait for an event for 5 min at most.
class SchedulingQueue {
 public:
  // A pod that is not there yet is tried at once; true if so.
  bool Add(const Pod& pod, absl::Time now);
  void Remove(const PodUid& uid) { entries_.erase(uid); }

  struct Next {
    PodName name;
    PodUid uid;
  };
  // Takes out whom to try next: priority, then time.
  std::optional<Next> Pop(absl::Time now);
  // When Pop has something; infinite if it won't.
  absl::Time NextAt() const;

  // For what a pod waits that was tried in vain; beside its backoff, for room to
  // come, or for anything to happen, be it to the pod itself.
  enum class Waits { kForBackoff, kForRoom, kForAnyEvent };
  void PutBack(const Pod& pod, absl::Time now, Waits waits);
  // Something happened that may help any pod.
  void WakeAll();
  // The pod was changed, as by its condition or a nomination.
  void Changed(const PodUid& uid);

 private:
  struct Entry {
    PodName name;
    int32_t priority = 0;
    absl::Time since;
    absl::Time ready_at;
    absl::Time waits_until = absl::InfinitePast();  // for an event, beyond ready_at
    int attempts = 0;
    bool in_flight = false;
    Waits waits = Waits::kForBackoff;
    bool woken = false;    // while it was in flight, by what may help any pod
    bool changed = false;  // itself, while it was in flight

    absl::Time at() const { return in_flight ? absl::InfiniteFuture() : std::max(ready_at, waits_until); }
  };
  std::map<PodUid, Entry> entries_;
};

}  // namespace muster::test
