// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "test/simulation/timeline.h"

namespace muster::test {

// What goes wrong in a world, and how often. Zero: never.
struct Faults {
  // Of every call to the API server, in 1/1000.
  int64_t lost_requests = 0;  // it never arrives; no answer
  int64_t lost_replies = 0;   // it is done; no answer
  int64_t duplicated = 0;     // it is done twice; the second answer arrives
  int64_t overloaded = 0;     // it is not done; answered 429 or 5xx
  int64_t late = 0;           // it, or its answer, takes seconds
  // Of every write of Muster, in 1/1000.
  int64_t crash_at_write = 0;  // the process ends before or after it
  int64_t pause_at_write = 0;  // the process stops after its checks; the write goes out when it goes on

  // The longest delay of a watch; and in 1/1000 of deliveries, the watch breaks.
  absl::Duration watch_lag = absl::Milliseconds(50);
  int64_t watch_breaks = 0;
  int64_t watch_expires = 0;  // of the breaks, in 1/1000: all is listed anew (410)

  // Of every pod, in 1/1000.
  int64_t slow_volumes = 0;       // 5 to 90 s between filter and bind call
  int64_t slow_images = 0;        // up to 4 min until it starts
  int64_t kubelet_rejects = 0;    // kubelet refuses it after it was bound
  int64_t admission_refuses = 0;  // its binding is refused for a while
  int64_t quota_refuses = 0;      // its creation is refused for a while
  int64_t fails = 0;              // it fails while it runs
  int64_t finishes_early = 0;     // it succeeds long before the others, and is cleaned up

  // Of what happens every few seconds; each fault is on or not.
  bool muster_restarts = false;
  bool muster_pauses = false;
  bool scheduler_restarts = false;
  bool api_stalls = false;
  bool compactions = false;
  bool nodes_lost = false;
  bool nodes_cordoned = false;
  bool nodes_shrunk = false;
  bool pods_deleted = false;
  bool evictions_forbidden = false;
  bool outsiders = false;  // pods that never come to Muster, of high priority

  int64_t replicas = 1;
  absl::Duration gang_deadline = absl::Seconds(20);  // of gangs, as Muster is configured
  int64_t drift_per_mille = 0;                       // how much faster or slower the replicas' clocks are

  bool AnyHappenings() const {
    return muster_restarts || muster_pauses || scheduler_restarts || api_stalls || compactions ||
           nodes_lost || nodes_cordoned || nodes_shrunk || pods_deleted || evictions_forbidden;
  }
};

// What a run of worlds is about: all faults, or those around one matter.
enum class Focus {
  kAll,
  kUndo,  // commits that stall while Muster is well
  kLead,  // leaders that stop in the middle of writing
};

// The faults of one world: each is in two of five worlds, so that some have few
// and no fault hides another in all of them.
Faults DrawFaults(Timeline& timeline, Focus focus);

// Those that are there, with their rates, in one line.
std::string Describe(const Faults& faults);

// `faults` without all that goes wrong: the same replicas, and all is well.
Faults Healed(const Faults& faults);

}  // namespace muster::test
