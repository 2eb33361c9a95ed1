// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "scheduling/model/cluster_view.h"
#include "scheduling/model/ids.h"
#include "scheduling/model/persistent_map.h"
#include "scheduling/model/resources.h"
#include "scheduling/model/seat.h"

namespace muster {

// Seats promised to one gang until `expires`.
struct Promise {
  std::vector<Seat> seats;  // in ascending order of uid
  absl::Time expires;

  // The seat of this pod; null if it has none.
  const Seat* Find(const PodUid& uid) const;
};

// Remembers which seats are promised to which gang between the plan and the
// moment the cluster view shows the pods bound. View + ledger = what is free.
//
// Invariant: Promised(node) is the sum of the seats on that node; a gang's
//            promise has at least one seat.
// Time:      callers pass it in.
// Threads:   thread-compatible; a value, cheap to copy.
class Ledger {
 public:
  // Promises `seats` to `gang` in place of what it had, or changes nothing.
  //   kInvalidArgument    `seats` is empty
  //   kNotFound           a seat names a node that `view` does not have
  //   kResourceExhausted  some node has too little room beside other promises,
  //                       or not the devices that all of its seats claim
  absl::Status Reserve(const ClusterView& view, const GangId& gang, std::vector<Seat> seats,
                       absl::Time expires);

  // Lets the promise to `gang` hold until `expires`. REQUIRES: there is one.
  void Renew(const GangId& gang, absl::Time expires);

  // Takes back the promise to `gang`; returns whether there was one.
  bool Release(const GangId& gang);

  // Takes back the seats of these pods, and the promise with its last one.
  void ReleaseSeats(const GangId& gang, absl::Span<const PodUid> uids);

  // The promise to `gang`; null if there is none. Valid until the next change.
  const Promise* Find(const GangId& gang) const;

  // What is promised on `node`; null if nothing is.
  const Resources* Promised(const NodeName& node) const;

  // The seats on `node` of pods that may ask for devices by claims; null if there
  // are none. The same as long as they are.
  std::shared_ptr<const std::vector<Seat>> Claiming(const NodeName& node) const {
    const auto* seats = claiming_.Find(node);
    return seats == nullptr ? nullptr : *seats;
  }

  // The nodes on which something is promised, in order.
  std::vector<NodeName> PromisedNodes() const;

  // Allocatable minus what runs on the node minus what is promised there.
  // REQUIRES: state.node is not null.
  Resources Free(const NodeState& state) const;

  // Gangs in ascending order.
  const PersistentMap<GangId, std::shared_ptr<const Promise>>& promises() const { return promises_; }

 private:
  void Count(const Seat& seat, int64_t sign);
  void CountClaims(const Seat& seat, int64_t sign);

  PersistentMap<GangId, std::shared_ptr<const Promise>> promises_;
  PersistentMap<NodeName, Resources> promised_;
  PersistentMap<NodeName, std::shared_ptr<const std::vector<Seat>>> claiming_;
};

}  // namespace muster
