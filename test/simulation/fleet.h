// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "test/simulation/api_server.h"
#include "test/simulation/connection.h"
#include "test/simulation/faults.h"
#include "test/simulation/replica.h"
#include "test/simulation/timeline.h"

namespace muster::test {

// The replicas of Muster, of which each is started anew when it ends, and the
// Service in front of them.
class Fleet {
 public:
  Fleet(Timeline& timeline, ApiServer& api, const Faults& faults, Witness& witness);
  void Start();

  // Where callers get; null while nobody answers there.
  Replica* Endpoint();
  // Who decides; null if nobody does.
  Replica* Leader();
  Replica* Find(const Process& process);

  void KillOne();
  void StopOne();
  void PauseOne(absl::Duration duration);

  // `died` is told of every replica that ends.
  void Listen(std::function<void(Replica&)> died) { died_ = std::move(died); }
  // Since when somebody decides without a break; infinite future if nobody does.
  absl::Time LeadsSince();
  int64_t started() const { return started_; }

 private:
  void StartReplica(size_t slot);
  Replica* Any();

  Timeline& timeline_;
  ApiServer& api_;
  const Faults& faults_;
  Witness& witness_;
  int64_t started_ = 0;
  std::vector<std::unique_ptr<Replica>> current_;
  std::vector<std::unique_ptr<Replica>> ended_;
  Replica* endpoint_ = nullptr;
  Replica* led_ = nullptr;
  absl::Time led_since_ = absl::InfiniteFuture();
  std::function<void(Replica&)> died_;
};

}  // namespace muster::test
