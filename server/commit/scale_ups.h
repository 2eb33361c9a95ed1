// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "absl/time/time.h"
#include "scheduling/engine/engine.h"
#include "server/cluster_api.h"
#include "server/commit/bindings.h"

namespace muster {

// Writes what gangs need to get room: takes gates away, asks for nodes, lets
// placeholders go.
//
// Why:     the engine says what is to be there and the view what is, so that a
//          write that was lost is made again, and none is made twice at once.
// Time:    callers pass it in.
// Threads: thread-compatible; Decisions serialises callers.
class ScaleUps {
 public:
  using Locked = std::function<void(const std::function<void(Effects&, absl::Time)>&)>;

  struct Counts {
    int64_t ungated = 0;
    int64_t asked = 0;
    int64_t evicted = 0;  // placeholders
  };

  // `locked` runs work as Decisions does; `engine` is used within it alone.
  ScaleUps(Engine& engine, ClusterApi& api, Locked locked)
      : engine_(engine), api_(api), locked_(std::move(locked)) {}

  void Tick(absl::Time now, Effects& effects);

  const Counts& counts() const { return counts_; }

 private:
  // Whether it is time for this write; then it is not for a while.
  bool IsDue(const std::string& write, absl::Time now);
  void Ask(const ProvisioningOrder& order, Effects& effects);

  Engine& engine_;
  ClusterApi& api_;
  const Locked locked_;
  std::map<std::string, absl::Time> again_;  // when each write may be made again
  Counts counts_;
};

}  // namespace muster
