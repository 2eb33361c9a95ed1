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
  // A pod that is not there yet is tried at once.
  void Add(const Pod& pod, absl::Time now);
  void Remove(const PodUid& uid) { entries_.erase(uid); }

  struct Next {
    PodName name;
    PodUid uid;
  };
  // Takes out whom to try next: priority, then time.
  std::optional<Next> Pop(absl::Time now);
  // When Pop has something; infinite if it won't.
  absl::Time NextAt() const;

  // Puts a pod back after it was tried in vain: an error, or a refusal that
  // waits for an event.
  void PutBack(const Pod& pod, absl::Time now, bool waits_for_event);
  // Something happened that may help any pod; this one.
  void WakeAll();
  void Wake(const PodUid& uid);

 private:
  struct Entry {
    PodName name;
    int32_t priority = 0;
    absl::Time since;
    absl::Time ready_at;
    absl::Time waits_until = absl::InfinitePast();  // for an event, beyond ready_at
    int attempts = 0;
    bool in_flight = false;
    bool woken = false;  // while it was in flight

    absl::Time at() const { return in_flight ? absl::InfiniteFuture() : std::max(ready_at, waits_until); }
  };
  std::map<PodUid, Entry> entries_;
};

}  // namespace muster::test
