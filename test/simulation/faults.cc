// SPDX-License-Identifier: Apache-2.0
#include "test/simulation/faults.h"

#include "absl/strings/str_cat.h"

namespace muster::test {
namespace {

constexpr int64_t kIsThere = 400;  // each fault in a world, in 1/1000

void MakeMusterWell(Faults& faults) {
  faults.crash_at_write = faults.pause_at_write = 0;
  faults.muster_restarts = faults.muster_pauses = faults.api_stalls = false;
}

void Concentrate(Focus focus, Faults& faults) {
  if (focus == Focus::kUndo) {
    MakeMusterWell(faults);
    faults.admission_refuses = 200;
    faults.slow_images = 900;
    faults.evictions_forbidden = faults.scheduler_restarts = false;
    faults.gang_deadline = absl::Seconds(20);
  }
  if (focus == Focus::kLead) {
    MakeMusterWell(faults);
    faults.pause_at_write = 20;
    faults.replicas = 2;
    faults.gang_deadline = absl::Minutes(1);
  }
}

}  // namespace

Faults DrawFaults(Timeline& timeline, Focus focus) {
  Faults faults;
  const auto rate = [&](int64_t& fault, int64_t most) {
    if (timeline.Chance(kIsThere)) fault = timeline.Pick(1, most);
  };
  rate(faults.lost_requests, 100);
  rate(faults.lost_replies, 100);
  rate(faults.duplicated, 100);
  rate(faults.overloaded, 150);
  rate(faults.late, 60);
  rate(faults.crash_at_write, 10);
  rate(faults.pause_at_write, 15);
  rate(faults.watch_breaks, 60);
  if (faults.watch_breaks > 0) faults.watch_expires = timeline.Pick(0, 1000);
  if (timeline.Chance(kIsThere))
    faults.watch_lag = timeline.Between(absl::Milliseconds(100), absl::Seconds(3));
  rate(faults.slow_volumes, 100);
  rate(faults.slow_images, 1000);
  rate(faults.kubelet_rejects, 60);
  rate(faults.admission_refuses, 200);
  rate(faults.quota_refuses, 80);
  rate(faults.fails, 150);
  rate(faults.finishes_early, 300);
  for (bool* fault :
       {&faults.muster_restarts, &faults.muster_pauses, &faults.scheduler_restarts, &faults.api_stalls,
        &faults.compactions, &faults.nodes_lost, &faults.nodes_cordoned, &faults.nodes_shrunk,
        &faults.pods_deleted, &faults.evictions_forbidden, &faults.outsiders}) {
    *fault = timeline.Chance(kIsThere);
  }
  // In some worlds Muster itself is well, so that its deadlines come to pass.
  if (timeline.Chance(400)) MakeMusterWell(faults);
  faults.replicas = timeline.Pick(1, 2);
  if (timeline.Chance(500)) faults.gang_deadline = absl::Minutes(1);
  rate(faults.drift_per_mille, 50);
  Concentrate(focus, faults);
  return faults;
}

std::string Describe(const Faults& faults) {
  std::string text =
      absl::StrCat(faults.replicas, " replicas, deadline ", absl::FormatDuration(faults.gang_deadline),
                   ", watches lag up to ", absl::FormatDuration(faults.watch_lag));
  const auto add = [&](const char* what, int64_t rate) {
    if (rate > 0) absl::StrAppend(&text, ", ", what, rate > 1 ? absl::StrCat(" ", rate) : "");
  };
  add("lost requests", faults.lost_requests);
  add("lost replies", faults.lost_replies);
  add("duplicates", faults.duplicated);
  add("overload", faults.overloaded);
  add("late calls", faults.late);
  add("crashes at writes", faults.crash_at_write);
  add("pauses at writes", faults.pause_at_write);
  add("broken watches", faults.watch_breaks);
  add("slow volumes", faults.slow_volumes);
  add("slow images", faults.slow_images);
  add("kubelet refuses", faults.kubelet_rejects);
  add("admission refuses", faults.admission_refuses);
  add("quota refuses", faults.quota_refuses);
  add("failures", faults.fails);
  add("members finish early", faults.finishes_early);
  add("restarts of muster", faults.muster_restarts);
  add("pauses of muster", faults.muster_pauses);
  add("restarts of kube-scheduler", faults.scheduler_restarts);
  add("stalls", faults.api_stalls);
  add("compactions", faults.compactions);
  add("lost nodes", faults.nodes_lost);
  add("cordoned nodes", faults.nodes_cordoned);
  add("shrunk nodes", faults.nodes_shrunk);
  add("deleted pods", faults.pods_deleted);
  add("budgets", faults.evictions_forbidden);
  add("outsiders", faults.outsiders);
  add("drift", faults.drift_per_mille);
  return text;
}

Faults Healed(const Faults& faults) {
  Faults healed;
  healed.replicas = faults.replicas;
  healed.gang_deadline = faults.gang_deadline;
  healed.drift_per_mille = faults.drift_per_mille;
  return healed;
}

}  // namespace muster::test
