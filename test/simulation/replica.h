// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "server/commit/decisions.h"
#include "server/lead/elector.h"
#include "server/lead/fenced_api.h"
#include "server/lead/leadership.h"
#include "test/simulation/api_server.h"
#include "test/simulation/connection.h"
#include "test/simulation/faults.h"
#include "test/simulation/process.h"
#include "test/simulation/timeline.h"
#include "test/simulation/watch.h"

namespace muster::test {

// A clock that runs a little faster or slower than the world's.
class DriftingClock : public Clock {
 public:
  DriftingClock(const Timeline& timeline, double rate) : timeline_(timeline), rate_(rate) {}
  absl::Time Now() const override { return began_ + (timeline_.Now() - began_) * rate_; }

 private:
  const Timeline& timeline_;
  const double rate_;
  const absl::Time began_ = absl::UnixEpoch();
};

// One Muster process: the parts that `muster serve` puts together, over a
// simulated cluster. It is kept after its end, as calls on their way are.
class Replica {
 public:
  struct Events {
    std::function<void(Replica&)> announced;  // it is the endpoint of the service
    std::function<void(Replica&)> died;
  };

  Replica(Timeline& timeline, ApiServer& api, const Faults& faults, Witness& witness, int64_t number,
          Events events);

  Process& process() { return process_; }
  Decisions& decisions() { return *decisions_; }
  const Process& process() const { return process_; }
  const std::string& name() const { return name_; }
  int64_t seen_version() const { return watch_->version(); }
  bool Decides() const { return process_.alive() && decisions_->MayDecide().ok(); }

  // As SIGKILL.
  void Kill();
  // As SIGTERM: answers callers, lets writes end, gives up the lease.
  void Stop();

 private:
  void Seen();
  void Tick();
  void Wake();
  void ResignWhenQuiet(absl::Time latest);

  Timeline& timeline_;
  const std::string name_;
  const Events events_;
  Process process_;
  DriftingClock clock_;
  Connection connection_;
  Elector elector_;
  FencedApi fenced_;
  std::shared_ptr<const ClusterView> view_;
  std::unique_ptr<Leadership> leadership_;
  std::unique_ptr<Decisions> decisions_;
  std::unique_ptr<Watch> watch_;
  bool woken_ = false;
  bool stopping_ = false;
};

}  // namespace muster::test
