// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "scheduling/model/ids.h"
#include "scheduling/verbs.h"
#include "server/service.h"

namespace muster {

// One bind call that waits for the rest of its gang.
struct Waiting {
  BindCall call;
  std::shared_ptr<HeldCall> held;
  absl::Time arrived;
};

// The bind calls of gangs whose minimum is not complete yet.
//
// Invariant: a pod waits with one call at most, the latest.
// Threads:   thread-compatible; Decisions serialises callers.
class Barrier {
 public:
  // Lets the call wait. Returns the call of the same pod that it replaces.
  std::optional<Waiting> Add(const GangId& gang, Waiting waiting);

  // Takes the call of this pod out; nullopt if it does not wait.
  std::optional<Waiting> Take(const GangId& gang, const PodUid& uid);

  // Takes all calls of the gang out, in order of their pods' uids.
  std::vector<Waiting> TakeAll(const GangId& gang);

  // Takes those calls of the gang out for which this holds, in the same order.
  std::vector<Waiting> TakeIf(const GangId& gang, const std::function<bool(const Waiting&)>& over);

  // The pods of the gang that wait, with the nodes they are called for.
  absl::flat_hash_map<PodUid, NodeName> Pods(const GangId& gang) const;
  std::vector<GangId> Gangs() const;
  int64_t Count(const GangId& gang) const;
  int64_t Count() const;

 private:
  std::map<GangId, std::map<PodUid, Waiting>> calls_;
};

}  // namespace muster
