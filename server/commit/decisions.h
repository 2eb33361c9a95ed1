// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "scheduling/engine/costs.h"
#include "scheduling/engine/engine.h"
#include "server/clock.h"
#include "server/cluster_api.h"
#include "server/commit/barrier.h"
#include "server/commit/bindings.h"
#include "server/commit/nominations.h"
#include "server/commit/scale_ups.h"
#include "server/commit/touches.h"
#include "server/service.h"

namespace muster {

struct DecisionsOptions {
  EngineOptions engine;
  // kube-scheduler's httpTimeout for the extender: after it the caller is gone.
  absl::Duration http_timeout = absl::Seconds(60);
  // Of http_timeout, what must be left when the bindings of a gang start.
  absl::Duration hold_margin = absl::Seconds(5);
  // What Cluster Autoscaler is told to buy where no gang decides.
  ExpanderOptions expander = {};
  // Written to every pod that this process binds; differs between processes.
  std::string epoch = "0";
  // Beside a complete view, what must be OK for anything to be decided: that
  // this replica leads. Null: nothing.
  std::function<absl::Status()> leads = nullptr;
};

// The one writer: every verb and every event of the cluster passes through
// here, one after the other, and drives the engine, the barrier and the
// bindings.
//
// No lock is held while a gang is planned, while the API server is called, and
// while callers are answered.
//
// Time:    from the clock; work that is due is done by Tick.
// Threads: thread-safe. Whoever owns it calls Tick from one thread, about ten
//          times a second and at once when `wake` is called.
class Decisions : public Service {
 public:
  // What has happened since the start, and how things stand, for metrics.
  struct Numbers {
    Bindings::Counts bindings;
    int64_t held = 0;
    int64_t promises = 0;  // gangs that have one
    int64_t promised_seats = 0;
    int64_t nominations = 0;
    int64_t undone = 0;     // evictions, repeated ones included
    int64_t restarted = 0;  // likewise, of gangs that ran
    ScaleUps::Counts scale_ups;
    int64_t plans = 0;
    absl::Duration planning;  // sum over all plans
    std::map<Outcome, int64_t> gangs;
    std::map<Advice::Kind, int64_t> advice;            // refused gangs by what could make room
    std::map<GpuProblem::Kind, int64_t> gpu_problems;  // nodes, by what is wrong with their GPUs
    Engine::Departures departures;
  };

  // `ready` says whether the view is complete. `wake`, if given, is called
  // when there is something for Tick to do; it must not call back.
  Decisions(DecisionsOptions options, const Clock& clock, ClusterApi& api, std::function<bool()> ready,
            std::function<void()> wake);

  // Takes over the next view of the cluster.
  void Observe(std::shared_ptr<const ClusterView> view);

  // Plans what can be planned, completes barriers, retries, nominates,
  // expires, undoes, restarts.
  void Tick();

  // Refuses all bind calls that wait, now and from now on, with `reason`.
  void Stop(const absl::Status& reason);

  Numbers Count() const;
  Costs CountCosts() const;

  FilterAnswer Filter(const FilterCall& call) override;
  std::vector<int64_t> Prioritize(const FilterCall& call) override;
  void Bind(const BindCall& call, std::shared_ptr<HeldCall> held) override;
  std::vector<EvictionOption> Preempt(const PreemptCall& call) override;
  std::vector<GangReport> Plan(const ClusterView* view) override;
  absl::StatusOr<GangReport> Explain(const GangId& gang) override;
  absl::StatusOr<GangId> GangOf(const PodName& pod) override;
  std::vector<GangReport> ListGangs() override;
  ExpanderChoice Expand(const Expansion& expansion) override;
  uint64_t Revision() const override { return revision_.load(); }
  bool Ready() const override { return ready_(); }
  absl::Status MayDecide() const override;

 private:
  // Runs `work` under the lock, then what it left to be done without it.
  void Locked(const std::function<void(Effects&, absl::Time)>& work) ABSL_LOCKS_EXCLUDED(mu_);
  void PlanAndInstall(const GangId& gang, const FilterCall* call);
  void PlanPending();
  void PlanMoves();
  // Completes barriers and drives bindings.
  void CommitDue();
  void TryComplete(const GangId& gang, absl::Time now, Effects& effects) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void WakeMistaken(absl::Time now, Effects& effects) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Evict(absl::Time now, Effects& effects) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::Time OldestHeld(absl::Time now) const { return now - (options_.http_timeout - options_.hold_margin); }

  const DecisionsOptions options_;
  const Clock& clock_;
  ClusterApi& api_;
  const std::function<bool()> ready_;
  const std::function<void()> wake_;
  std::atomic<uint64_t> revision_ = 0;

  mutable absl::Mutex mu_;
  Engine engine_ ABSL_GUARDED_BY(mu_);
  Barrier barrier_ ABSL_GUARDED_BY(mu_);
  Bindings bindings_ ABSL_GUARDED_BY(mu_);
  Nominations nominations_ ABSL_GUARDED_BY(mu_);
  ScaleUps scale_ups_ ABSL_GUARDED_BY(mu_);
  Touches woken_;  // locks for itself
  std::map<PodUid, absl::Time> evicted_ ABSL_GUARDED_BY(mu_);
  std::map<GangId, int64_t> evicting_ ABSL_GUARDED_BY(mu_);  // evictions that were not answered yet
  absl::Status stopped_ ABSL_GUARDED_BY(mu_);
  int64_t commits_ ABSL_GUARDED_BY(mu_) = 0;
  int64_t undone_ ABSL_GUARDED_BY(mu_) = 0;
  int64_t restarted_ ABSL_GUARDED_BY(mu_) = 0;
  int64_t plans_ ABSL_GUARDED_BY(mu_) = 0;
  absl::Duration planning_ ABSL_GUARDED_BY(mu_);
};

}  // namespace muster
