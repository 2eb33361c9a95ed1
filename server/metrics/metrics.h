// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "absl/time/time.h"
#include "scheduling/engine/costs.h"

namespace muster {

enum class Verb { kFilter, kPrioritize, kBind, kPreempt };

// How a call of a verb ended.
enum class VerbOutcome {
  kPassedAll,   // filter: every candidate, or all but a few
  kPassedOne,   // filter: the seat
  kRefused,     // filter, bind: no, for a reason
  kAnswered,    // prioritize, preempt
  kBound,       // bind
  kCallerGone,  // bind: nobody waited for the answer any more
  kNotReady,
  kBadRequest,
  kError,  // ours
};

// Everything that is counted, under the names that dashboards use. Names begin
// with "muster_"; durations are in seconds.
//
// Threads: thread-safe.
class Metrics {
 public:
  // How things stand, as of now.
  struct Standing {
    int64_t placed_gangs = 0;
    int64_t waiting_gangs = 0;
    int64_t refused_gangs = 0;
    int64_t promises = 0;  // seats promised
    int64_t departing_nodes = 0;
    int64_t departing_members = 0;  // of gangs, on these nodes
    absl::Time next_departure = absl::InfiniteFuture();
    int64_t barrier = 0;  // bind calls that wait for their gang, over HTTP and gRPC
    std::map<std::string, int64_t> gpu_problems = {};  // nodes by the word of the problem
    std::map<std::string, int64_t> advice = {};        // refused gangs by the word of the advice
  };
  // What has happened since the process started.
  struct Totals {
    int64_t bindings_done = 0;
    int64_t bindings_failed = 0;
    int64_t bindings_retried = 0;
    int64_t nominations = 0;
    int64_t undone = 0;     // pods evicted because their gang could not be completed
    int64_t restarted = 0;  // pods evicted so that their gang, which lost members, is placed anew
    int64_t ungated = 0;    // pods that lost Muster's gate
    int64_t asked = 0;      // ProvisioningRequests that were made
    int64_t made_way = 0;   // placeholders evicted for a gang
    int64_t plans = 0;
    absl::Duration planning;  // spent on all of them
  };

  Metrics();
  ~Metrics();

  void VerbEnded(Verb verb, VerbOutcome outcome, absl::Duration took);
  // Bind calls over HTTP that wait for their answer.
  void SetHeldBinds(int64_t held);
  void SetConnections(int64_t open);
  void Show(const Standing& standing);
  void Show(const Costs& costs);
  // REQUIRES: no total is less than at the last call.
  void Show(const Totals& totals);

  // All of it in Prometheus' text format 0.0.4.
  std::string Text() const;

 private:
  struct Families;
  const std::unique_ptr<Families> families_;
};

}  // namespace muster
