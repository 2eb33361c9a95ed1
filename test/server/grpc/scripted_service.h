// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "server/service.h"

namespace muster {

// A service that answers what the test has set, and keeps what it was asked.
// The functions are set before the server starts, or left as they are.
// Threads: thread-safe.
class ScriptedService : public Service {
 public:
  std::function<FilterAnswer(const FilterCall&)> filter = [](const FilterCall&) { return PassAll{}; };
  std::function<std::vector<int64_t>(const FilterCall&)> prioritize = [](const FilterCall& call) {
    return std::vector<int64_t>(call.candidates.size(), 0);
  };
  std::function<void(const BindCall&, std::shared_ptr<HeldCall>)> bind;  // unset: the call is kept
  std::function<std::vector<EvictionOption>(const PreemptCall&)> preempt = [](const PreemptCall& call) {
    return call.options;
  };
  std::function<std::vector<GangReport>(const ClusterView*)> plan = [](const ClusterView*) {
    return std::vector<GangReport>();
  };
  std::atomic<bool> ready{true};
  std::atomic<int> listings{0};  // calls of ListGangs so far

  void SetGangs(std::vector<GangReport> gangs) {
    absl::MutexLock lock(&mutex_);
    gangs_ = std::move(gangs);
    ++revision_;
  }

  // The nth bind call that was kept, as soon as it has arrived.
  std::pair<BindCall, std::shared_ptr<HeldCall>> Kept(size_t n) {
    absl::MutexLock lock(&mutex_);
    const auto arrived = [this, n] { return kept_.size() > n; };
    mutex_.Await(absl::Condition(&arrived));
    return kept_[n];
  }

  FilterAnswer Filter(const FilterCall& call) override { return filter(call); }
  std::vector<int64_t> Prioritize(const FilterCall& call) override { return prioritize(call); }
  void Bind(const BindCall& call, std::shared_ptr<HeldCall> held) override {
    if (bind) return bind(call, std::move(held));
    absl::MutexLock lock(&mutex_);
    kept_.emplace_back(call, std::move(held));
  }
  std::vector<EvictionOption> Preempt(const PreemptCall& call) override { return preempt(call); }
  std::vector<GangReport> Plan(const ClusterView* view) override { return plan(view); }
  absl::StatusOr<GangReport> Explain(const GangId& gang) override {
    absl::MutexLock lock(&mutex_);
    for (const GangReport& report : gangs_) {
      if (report.gang == gang) return report;
    }
    return absl::NotFoundError("no pod declares gang " + gang.text());
  }
  // The gang of a pod is the one with a seat for it.
  absl::StatusOr<GangId> GangOf(const PodName& pod) override {
    absl::MutexLock lock(&mutex_);
    for (const GangReport& report : gangs_) {
      for (const Seat& seat : report.seats) {
        if (seat.pod == pod) return report.gang;
      }
    }
    return absl::NotFoundError("no pod " + pod.text());
  }
  std::vector<GangReport> ListGangs() override {
    absl::MutexLock lock(&mutex_);
    ++listings;
    return gangs_;
  }
  uint64_t Revision() const override {
    absl::MutexLock lock(&mutex_);
    return revision_;
  }
  bool Ready() const override { return ready; }

 private:
  mutable absl::Mutex mutex_;
  std::vector<std::pair<BindCall, std::shared_ptr<HeldCall>>> kept_ ABSL_GUARDED_BY(mutex_);
  std::vector<GangReport> gangs_ ABSL_GUARDED_BY(mutex_);
  uint64_t revision_ ABSL_GUARDED_BY(mutex_) = 1;
};

// Waits until `holds()`, at most `patience`. Returns whether it does.
template <typename Holds>
bool Eventually(Holds holds, absl::Duration patience = absl::Seconds(20)) {
  const absl::Time limit = absl::Now() + patience;
  while (!holds()) {
    if (absl::Now() > limit) return false;
    absl::SleepFor(absl::Milliseconds(1));
  }
  return true;
}

// A placed gang of one member on each of `nodes`.
GangReport PlacedReport(const std::string& name, const std::vector<std::string>& nodes);

// A gang that lacks room for one of eight members.
GangReport RefusedReport(const std::string& name);

}  // namespace muster
