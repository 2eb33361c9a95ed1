// SPDX-License-Identifier: Apache-2.0
#include "server/commit/decisions.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"

namespace muster {
namespace {

// A plan that can't be installed because the cluster moved is made again so
// often before the pod is told to come back.
constexpr int kPlanAttempts = 3;
// A filter call holds up kube-scheduler's loop: after this its gang is left to
// the ticker, and the nomination brings the pod back.
constexpr absl::Duration kMostPlanningInFilter = absl::Milliseconds(100);
// An eviction that was lost, or refused by a disruption budget, is tried again
// after this.
constexpr absl::Duration kEvictAgain = absl::Seconds(2);
// Bindings and held calls wait no longer than this behind gangs that are planned.
constexpr absl::Duration kMostPlanning = absl::Milliseconds(20);

std::function<void()> AnswerLater(std::shared_ptr<HeldCall> held, absl::Status status) {
  return [held = std::move(held), status = std::move(status)] { held->Answer(status); };
}

}  // namespace

Decisions::Decisions(DecisionsOptions options, const Clock& clock, ClusterApi& api,
                     std::function<bool()> ready, std::function<void()> wake)
    : options_(std::move(options)),
      clock_(clock),
      api_(api),
      ready_(std::move(ready)),
      wake_(std::move(wake)),
      engine_(options_.engine),
      bindings_(engine_, api, options_.epoch,
                [this](const std::function<void(Effects&, absl::Time)>& work) { Locked(work); }),
      nominations_(api),
      scale_ups_(engine_, api,
                 [this](const std::function<void(Effects&, absl::Time)>& work) { Locked(work); }),
      woken_(api) {}

void Decisions::Locked(const std::function<void(Effects&, absl::Time)>& work) {
  Effects effects;
  {
    absl::MutexLock lock(&mu_);
    work(effects, clock_.Now());
  }
  for (const auto& effect : effects) effect();
}

void Decisions::Observe(std::shared_ptr<const ClusterView> view) {
  Locked([&](Effects&, absl::Time) ABSL_NO_THREAD_SAFETY_ANALYSIS { engine_.Observe(std::move(view)); });
  ++revision_;
  if (wake_) wake_();
}

FilterAnswer Decisions::Filter(const FilterCall& call) {
  const absl::Time began = clock_.Now();
  for (int attempt = 0;; ++attempt) {
    std::vector<GangId> to_plan;
    {
      absl::MutexLock lock(&mu_);
      const absl::Time now = clock_.Now();
      nominations_.WasFiltered(call.pod.uid, now);
      auto answer = engine_.Filter(call, now);
      if (auto* final = std::get_if<FilterAnswer>(&answer)) return *std::move(final);
      const GangId& gang = std::get<GangId>(answer);
      if (attempt == kPlanAttempts || now - began > kMostPlanningInFilter) return engine_.BeingPlanned(gang);
      to_plan = engine_.ToPlanUpTo(gang, now);
    }
    // Those that are ahead in the queue come first, whoever asks first.
    for (const GangId& gang : to_plan) {
      const bool last = gang == to_plan.back();
      if (!last && clock_.Now() - began > kMostPlanningInFilter) return engine_.BeingPlanned(to_plan.back());
      PlanAndInstall(gang, last ? &call : nullptr);
    }
    if (wake_) wake_();
  }
}

void Decisions::PlanAndInstall(const GangId& gang, const FilterCall* call) {
  std::optional<PlanJob> job;
  {
    absl::MutexLock lock(&mu_);
    job = engine_.Prepare(gang, clock_.Now());
  }
  const absl::Time began = clock_.Now();
  std::optional<absl::flat_hash_set<absl::string_view>> window;
  if (call != nullptr) window.emplace(call->candidates.begin(), call->candidates.end());
  const auto result = job->Run(window.has_value() ? &*window : nullptr);

  absl::MutexLock lock(&mu_);
  const absl::Time now = clock_.Now();
  ++plans_;
  planning_ += now - began;
  // If it does not fit what happened meanwhile, the caller comes again.
  if (engine_.Install(*job, result, now)) ++revision_;
}

std::vector<int64_t> Decisions::Prioritize(const FilterCall& call) {
  absl::MutexLock lock(&mu_);
  return engine_.Prioritize(call);
}

std::vector<EvictionOption> Decisions::Preempt(const PreemptCall& call) {
  absl::MutexLock lock(&mu_);
  return engine_.Preempt(call);
}

void Decisions::Bind(const BindCall& call, std::shared_ptr<HeldCall> held) {
  Locked([&](Effects& effects, absl::Time now) ABSL_NO_THREAD_SAFETY_ANALYSIS {
    if (!stopped_.ok()) {
      effects.push_back(AnswerLater(std::move(held), stopped_));
      return;
    }
    if (const Seat* seat = bindings_.Find(call.uid)) {
      if (seat->node == call.node) return bindings_.Attach(call.uid, std::move(held), now, effects);
      effects.push_back(AnswerLater(
          std::move(held), absl::FailedPreconditionError(absl::StrCat(
                               "pod ", call.pod.text(), " is being bound to node ", seat->node.text()))));
      return;
    }
    Engine::Admission admission = engine_.AdmitBind(call, now);
    switch (admission.kind) {
      case Engine::Admission::Kind::kRefused:
      case Engine::Admission::Kind::kAlreadyBound:
        effects.push_back(AnswerLater(std::move(held), std::move(admission.refusal)));
        return;
      case Engine::Admission::Kind::kSolo:
        bindings_.Start(admission.gang, admission.seat, "", now, now + options_.engine.gang_deadline,
                        std::move(held), effects);
        return;
      case Engine::Admission::Kind::kMember:
        if (auto replaced = barrier_.Add(admission.gang, {call, std::move(held), now})) {
          effects.push_back(
              AnswerLater(std::move(replaced->held),
                          absl::AbortedError("a newer bind call of this pod replaced this one")));
        }
        TryComplete(admission.gang, now, effects);
    }
  });
  ++revision_;
}

void Decisions::TryComplete(const GangId& gang, absl::Time now, Effects& effects) {
  for (Waiting& gone : barrier_.TakeIf(gang, [&](const Waiting& w) ABSL_NO_THREAD_SAFETY_ANALYSIS {
         return !engine_.AwaitsBinding(gang, w.call);
       })) {
    effects.push_back(AnswerLater(
        std::move(gone.held), absl::FailedPreconditionError(absl::StrCat("pod ", gone.call.pod.text(),
                                                                         " no longer waits to be bound"))));
  }
  const int64_t came = barrier_.Count(gang);
  const absl::Time oldest = OldestHeld(now);
  for (Waiting& late :
       barrier_.TakeIf(gang, [&](const Waiting& w) { return w.arrived < oldest || !w.held->Alive(); })) {
    engine_.CallFailed(late.call.uid);
    effects.push_back(AnswerLater(std::move(late.held),
                                  absl::UnavailableError(absl::StrFormat(
                                      "gang %s: %d members came to be bound, not the whole minimum; its "
                                      "seats are kept for the next round",
                                      gang.text(), came))));
  }
  const auto waiting = barrier_.Pods(gang);
  // An eviction that is under way may still take a member from a gang that would
  // be whole.
  if (waiting.empty() || evicting_.contains(gang)) return;
  const absl::StatusOr<std::vector<Seat>> seats = engine_.Complete(
      gang, waiting, [this](const PodUid& uid) { return bindings_.IsAbandoned(uid); }, now);
  if (!seats.ok()) {
    for (Waiting& refused : barrier_.TakeAll(gang)) {
      engine_.CallFailed(refused.call.uid);
      effects.push_back(AnswerLater(std::move(refused.held), seats.status()));
    }
    return;
  }
  if (seats->empty()) return;
  const std::string commit = absl::StrCat(options_.epoch, "-", ++commits_);
  const absl::Time until = engine_.BeginCommit(gang, now);
  for (const Seat& seat : *seats) {
    std::optional<Waiting> member = barrier_.Take(gang, seat.uid);
    bindings_.Start(gang, seat, commit, now, until, std::move(member->held), effects);
  }
}

void Decisions::PlanPending() {
  std::vector<GangId> gangs;
  {
    absl::MutexLock lock(&mu_);
    gangs = engine_.ToPlan(clock_.Now());
  }
  absl::Time committed = clock_.Now();
  for (const GangId& gang : gangs) {
    PlanAndInstall(gang, nullptr);
    if (clock_.Now() - committed < kMostPlanning) continue;
    CommitDue();
    committed = clock_.Now();
  }
}

void Decisions::PlanMoves() {
  std::vector<PlanJob> jobs;
  {
    absl::MutexLock lock(&mu_);
    jobs = engine_.PrepareMoves(clock_.Now());
  }
  for (PlanJob& job : jobs) {
    const auto result = job.Run(nullptr);
    absl::MutexLock lock(&mu_);
    engine_.InstallMove(job, result, clock_.Now());
  }
}

void Decisions::CommitDue() {
  Locked([&](Effects& effects, absl::Time now) ABSL_NO_THREAD_SAFETY_ANALYSIS {
    for (const GangId& gang : barrier_.Gangs()) TryComplete(gang, now, effects);
    bindings_.Tick(now, OldestHeld(now), effects);
  });
}

absl::Status Decisions::MayDecide() const {
  const absl::Status ready = Service::MayDecide();
  return ready.ok() && options_.leads ? options_.leads() : ready;
}

void Decisions::Tick() {
  if (!MayDecide().ok()) return;
  Locked([&](Effects&, absl::Time now) ABSL_NO_THREAD_SAFETY_ANALYSIS { engine_.Expire(now); });
  CommitDue();
  PlanPending();
  PlanMoves();
  CommitDue();
  Locked([&](Effects& effects, absl::Time now) ABSL_NO_THREAD_SAFETY_ANALYSIS {
    nominations_.Tick(engine_, now, effects);
    scale_ups_.Tick(now, effects);
    WakeMistaken(now, effects);
    Evict(now, effects);
  });
}

// There is no node to nominate them to; any other change of a pod wakes it as well.
void Decisions::WakeMistaken(absl::Time now, Effects& effects) {
  for (const Seat& seat : engine_.TakeMistaken()) woken_.Add({seat.pod, seat.uid, ""});
  if (woken_.Done()) return;
  effects.push_back([this, when = absl::FormatTime(now)] { woken_.Send({{"muster.dev/woken", when}}); });
}

void Decisions::Evict(absl::Time now, Effects& effects) {
  for (const Engine::Eviction& eviction : engine_.ToEvict(now)) {
    const Seat& seat = eviction.seat;
    absl::Time& last = evicted_.try_emplace(seat.uid, absl::InfinitePast()).first->second;
    if (now - last < kEvictAgain) continue;
    last = now;
    ++(eviction.restart ? restarted_ : undone_);
    // An undo was harmless for the pod as the view shows it: one that has started
    // meanwhile has another version. A restart means this pod whatever it does.
    const auto pod = engine_.view().FindPod(seat.pod);
    const std::string version = eviction.restart ? "" : pod->resource_version;
    const GangId gang = engine_.view().GangOf(*pod);
    ++evicting_[gang];
    effects.push_back([this, gang, version = PodVersion{seat.pod, seat.uid, version}] {
      // A refused eviction shows as a pod that is still bound, and is tried again.
      api_.Evict(version, [this, gang](const absl::Status&) {
        absl::MutexLock lock(&mu_);
        if (--evicting_[gang] == 0) evicting_.erase(gang);
      });
    });
  }
  std::erase_if(evicted_, [&](const auto& entry) { return now - entry.second > 2 * kEvictAgain; });
}

void Decisions::Stop(const absl::Status& reason) {
  Locked([&](Effects& effects, absl::Time) ABSL_NO_THREAD_SAFETY_ANALYSIS {
    stopped_ = reason;
    for (const GangId& gang : barrier_.Gangs()) {
      for (Waiting& waiting : barrier_.TakeAll(gang)) {
        effects.push_back(AnswerLater(std::move(waiting.held), reason));
      }
    }
  });
}

std::vector<GangReport> Decisions::Plan(const ClusterView* view) {
  const PlanAllOptions options{.topology = options_.engine.topology,
                               .closeness = options_.engine.closeness,
                               .tenants = options_.engine.tenants,
                               .capacity = options_.engine.capacity,
                               .placeholders_below = options_.engine.scale_up.placeholders_below};
  if (view != nullptr) return PlanAll(*view, Ledger(), Declined(), options);
  std::optional<PlanJob> now;
  {
    absl::MutexLock lock(&mu_);
    now = engine_.Prepare(GangId(), clock_.Now());
  }
  return PlanAll(*now->view, now->ledger, now->declined, options);
}

absl::StatusOr<GangReport> Decisions::Explain(const GangId& gang) {
  absl::MutexLock lock(&mu_);
  absl::StatusOr<GangReport> report = engine_.Report(gang);
  if (report.ok()) report->held = barrier_.Count(report->gang);
  return report;
}

absl::StatusOr<GangId> Decisions::GangOf(const PodName& pod) {
  absl::MutexLock lock(&mu_);
  const std::shared_ptr<const Pod> found = engine_.view().FindPod(pod);
  if (found == nullptr) return absl::NotFoundError(absl::StrCat("no pod ", pod.text()));
  if (!found->membership.has_value()) {
    return absl::NotFoundError(absl::StrCat("pod ", pod.text(), " belongs to no gang"));
  }
  return engine_.view().GangOf(*found);
}

std::vector<GangReport> Decisions::ListGangs() {
  absl::MutexLock lock(&mu_);
  std::vector<GangReport> reports = engine_.Reports();
  for (GangReport& report : reports) report.held = barrier_.Count(report.gang);
  return reports;
}

ExpanderChoice Decisions::Expand(const Expansion& expansion) {
  std::shared_ptr<const ClusterView> view;
  {
    absl::MutexLock lock(&mu_);
    view = engine_.SharedView();
  }
  return ChooseExpansion(*view, expansion, options_.engine.capacity, options_.engine.topology,
                         options_.expander, clock_.Now());
}

Costs Decisions::CountCosts() const {
  std::shared_ptr<const ClusterView> view;
  Ledger ledger;
  {
    absl::MutexLock lock(&mu_);
    view = engine_.SharedView();
    ledger = engine_.ledger();
  }
  return CostsOf(*view, ledger, options_.engine.capacity);
}

Decisions::Numbers Decisions::Count() const {
  absl::MutexLock lock(&mu_);
  Numbers numbers{.bindings = bindings_.counts(),
                  .held = barrier_.Count(),
                  .promises = static_cast<int64_t>(engine_.ledger().promises().size()),
                  .promised_seats = 0,
                  .nominations = nominations_.sent(),
                  .undone = undone_,
                  .restarted = restarted_,
                  .scale_ups = scale_ups_.counts(),
                  .plans = plans_,
                  .planning = planning_,
                  .gangs = {},
                  .advice = engine_.CountAdvice(),
                  .gpu_problems = CountGpuProblems(engine_.view()),
                  .departures = {}};
  engine_.ledger().promises().ForEach([&](const GangId&, const std::shared_ptr<const Promise>& promise) {
    numbers.promised_seats += static_cast<int64_t>(promise->seats.size());
  });
  numbers.gangs = engine_.CountGangs();
  numbers.departures = engine_.CountDepartures();
  return numbers;
}

}  // namespace muster
