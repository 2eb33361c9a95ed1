// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "server/clock.h"
#include "server/cluster_api.h"
#include "server/commit/decisions.h"

namespace muster::test {

// Virtual time and what happens in it: one thread, one seed.
class Timeline : public Clock {
 public:
  explicit Timeline(uint32_t seed) : random_(seed) {}

  absl::Time Now() const override { return now_; }
  int Pick(int low, int high) { return std::uniform_int_distribution(low, high)(random_); }
  bool Chance(int percent) { return Pick(1, 100) <= percent; }

  void After(absl::Duration delay, std::function<void()> event);
  // Runs events until `end`, and lets time be `end`.
  void RunUntil(absl::Time end);

 private:
  struct Event {
    absl::Time at;
    uint64_t order;
    std::function<void()> run;
    bool operator>(const Event& other) const { return std::tie(at, order) > std::tie(other.at, other.order); }
  };

  std::mt19937 random_;
  absl::Time now_ = absl::UnixEpoch() + absl::Hours(1);
  uint64_t order_ = 0;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
};

// How often things go wrong, in percent.
struct Faults {
  int lost_requests = 0;  // the API server never sees the call
  int lost_replies = 0;   // it does, but the answer is kUnavailable
  int refusals = 0;       // it answers with an error that will not go away by itself at once
};

// An API server in memory: the truth, with latency and faults on the way to
// it, and a watch that tells `watcher` later.
class SimulatedApi : public ClusterApi {
 public:
  SimulatedApi(Timeline& timeline, Faults faults) : timeline_(timeline), faults_(faults) {}

  void Watch(std::function<void(std::shared_ptr<const ClusterView>)> watcher) {
    watcher_ = std::move(watcher);
  }
  const ClusterView& truth() const { return truth_; }
  // Changes the truth and lets the watch tell of it.
  void Change(const std::function<void(ClusterView&)>& change);

  void Bind(const PodVersion& pod, const NodeName& node, const Labels& annotations, Done done) override;
  void Nominate(const PodVersion& pod, const NodeName& node, Done done) override;
  void Annotate(const PodVersion& pod, const Labels& annotations, Done done) override;
  void Evict(const PodVersion& pod, Done done) override;
  void Read(const PodName& pod, std::function<void(absl::StatusOr<Pod>)> done) override;

 private:
  // Runs `act` against the truth after a while, or not, and `done` with its
  // result or with a fault.
  void Call(std::function<absl::Status()> act, Done done);
  absl::Status Precondition(const PodVersion& pod) const;

  Timeline& timeline_;
  const Faults faults_;
  ClusterView truth_;
  std::function<void(std::shared_ptr<const ClusterView>)> watcher_;
  int64_t version_ = 1;
};

// A bind call of the simulated kube-scheduler.
class SimulatedCall : public HeldCall {
 public:
  explicit SimulatedCall(std::function<void(absl::Status)> answered) : answered_(std::move(answered)) {}
  bool Alive() const override { return alive_; }
  void Answer(const absl::Status& status) override;
  void Die() { alive_ = false; }
  bool answered() const { return answered_once_; }

 private:
  std::function<void(absl::Status)> answered_;
  bool alive_ = true;
  bool answered_once_ = false;
};

// kube-scheduler's loop: takes pending pods in random order, offers the nodes
// that its own cache (bound and assumed pods) has room on, assumes the answer,
// and binds; what fails is tried again after a backoff.
class SimulatedScheduler {
 public:
  SimulatedScheduler(Timeline& timeline, SimulatedApi& api, Service& service)
      : timeline_(timeline), api_(api), service_(&service) {}

  void Start();
  // A new process: all that was assumed is forgotten, all held calls die.
  void Restart();
  void Reconnect(Service& service) { service_ = &service; }
  // This pod's volumes take so long before it comes to be bound.
  void SlowDown(const PodName& pod, absl::Duration volumes) { slow_[pod] = volumes; }

 private:
  void Loop();
  void TryToSchedule(const Pod& pod);
  std::vector<std::string> Feasible(const Pod& pod) const;
  void Bind(const Pod& pod, const NodeName& node);

  Timeline& timeline_;
  SimulatedApi& api_;
  Service* service_;
  struct Assumed {
    NodeName node;
    Resources requests;
    std::shared_ptr<SimulatedCall> call;
  };
  std::map<PodUid, Assumed> assumed_;
  std::map<PodUid, absl::Time> backoff_;
  std::map<PodName, absl::Duration> slow_;
};

}  // namespace muster::test
