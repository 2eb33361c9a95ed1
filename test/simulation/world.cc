// SPDX-License-Identifier: Apache-2.0
#include "test/simulation/world.h"

#include <memory>

#include "absl/strings/str_cat.h"
#include "test/simulation/checks.h"
#include "test/simulation/disturber.h"
#include "test/simulation/fleet_extender.h"
#include "test/simulation/kube_scheduler.h"
#include "test/support/builders.h"

namespace muster::test {
namespace {

constexpr int kRacks = 2;
constexpr int kNodesPerRack = 3;
constexpr int64_t kAtATime = 14;  // gangs that have not ended
// Within this of virtual time after the last fault everything has run.
constexpr absl::Duration kSettles = absl::Minutes(30);

class World {
 public:
  World(uint64_t seed, int64_t gangs, Focus focus, bool trace)
      : timeline_(seed),
        gangs_(gangs),
        violations_(timeline_),
        api_(timeline_),
        faults_(DrawFaults(timeline_, focus)),
        workload_(timeline_, api_, faults_),
        kubelets_(timeline_, api_, faults_, workload_),
        fleet_(timeline_, api_, faults_, checks_),
        checks_(timeline_, api_, faults_, fleet_, workload_, violations_,
                [this](const PodUid& uid, const NodeName& node) { return Awaits(uid, node); }),
        disturber_({timeline_, api_, faults_, fleet_, kubelets_, workload_, [this] { RestartScheduler(); }}) {
    timeline_.Trace(trace);
  }

  WorldResult Run() {
    timeline_.Note(Describe(faults_));
    MakeNodes();
    fleet_.Listen([this](Replica& replica) {
      for (const auto& scheduler : schedulers_) scheduler->ServerDied(&replica);
    });
    fleet_.Start();
    StartScheduler();
    disturber_.Start();
    checks_.Start();
    Arrive();
    const auto violated = [this] { return !violations_.all().empty(); };
    timeline_.RunUntil(absl::InfiniteFuture(), [&] { return violated() || healed_; });
    if (!violated()) {
      timeline_.RunUntil(timeline_.Now() + kSettles, [&] { return violated() || quiet_; });
      if (!violated()) timeline_.RunUntil(timeline_.Now() + absl::Seconds(15), violated);
      if (!violated()) checks_.Settled();
    }
    return {.violations = violations_.all(),
            .trace = timeline_.notes(),
            .lifecycles = workload_.ended(),
            .bindings = checks_.bindings(),
            .evictions = checks_.evictions(),
            .restarts = checks_.restarts(),
            .processes = fleet_.started(),
            .virtual_seconds = absl::ToDoubleSeconds(timeline_.Now() - absl::UnixEpoch() - absl::Hours(1))};
  }

 private:
  void MakeNodes() {
    for (int rack = 0; rack < kRacks; ++rack) {
      for (int i = 0; i < kNodesPerRack; ++i) {
        Node node = NodeOf(absl::StrCat("n", rack, i), 8);
        node.labels["topology.kubernetes.io/rack"] = absl::StrCat("r", rack);
        api_.Put(std::move(node));
      }
    }
  }

  void Arrive() {
    if (static_cast<int64_t>(workload_.gangs().size()) == gangs_) {
      timeline_.After(absl::Seconds(30), [this] { Heal(); });
      return;
    }
    // Faults are felt while gangs run, not while they queue.
    const bool crowded = static_cast<int64_t>(workload_.gangs().size()) - workload_.ended() >= kAtATime;
    if (crowded && timeline_.Now() < crowded_until_) {
      workload_.GiveUpHopeless();
      timeline_.After(absl::Milliseconds(500), [this] { Arrive(); });
      return;
    }
    workload_.BeginGang();
    if (timeline_.Chance(200)) workload_.BeginSingle();
    workload_.GiveUpHopeless();
    timeline_.After(timeline_.Between(absl::Milliseconds(50), absl::Milliseconds(3500)),
                    [this] { Arrive(); });
  }

  void Heal() {
    timeline_.Note("all faults end");
    faults_ = Healed(faults_);
    api_.AdmitAll();
    disturber_.Stop();
    healed_ = true;
    LookWhetherQuiet();
  }

  void LookWhetherQuiet() {
    workload_.GiveUpLost();
    bool others = false;
    api_.truth().pods().ForEach(
        [&](const PodName&, const auto& pod) { others |= !pod->membership.has_value(); });
    quiet_ = workload_.AllEnded() && !others && fleet_.Leader() != nullptr;
    timeline_.After(absl::Seconds(1), [this] { LookWhetherQuiet(); });
  }

  void StartScheduler() {
    schedulers_.push_back(std::make_unique<KubeScheduler>(timeline_, api_, faults_, extender_, violations_,
                                                          KubeScheduler::Options()));
    running_ = schedulers_.back().get();
  }

  void RestartScheduler() {
    if (running_ == nullptr) return;
    timeline_.Note("kube-scheduler is killed");
    running_->Kill();
    running_ = nullptr;
    const absl::Duration pause = timeline_.Between(absl::Seconds(1), absl::Seconds(6));
    checks_.Excuse(timeline_.Now() + pause);
    timeline_.After(pause, [this] { StartScheduler(); });
  }

  bool Awaits(const PodUid& uid, const NodeName& node) const {
    for (const auto& scheduler : schedulers_) {
      if (scheduler->Awaits(uid, node)) return true;
    }
    return false;
  }

  Timeline timeline_;
  const int64_t gangs_;
  Violations violations_;
  ApiServer api_;
  Faults faults_;
  Workload workload_;
  Kubelets kubelets_;
  Fleet fleet_;
  FleetExtender extender_{timeline_, fleet_};
  Checks checks_;
  Disturber disturber_;
  std::vector<std::unique_ptr<KubeScheduler>> schedulers_;  // the ended ones too
  KubeScheduler* running_ = nullptr;
  const absl::Time crowded_until_ = timeline_.Now() + absl::Minutes(20);
  bool healed_ = false;
  bool quiet_ = false;
};

}  // namespace

WorldResult RunWorld(uint64_t seed, int64_t gangs, Focus focus, bool trace) {
  return World(seed, gangs, focus, trace).Run();
}

}  // namespace muster::test
