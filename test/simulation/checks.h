// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>

#include "test/simulation/api_server.h"
#include "test/simulation/connection.h"
#include "test/simulation/fleet.h"
#include "test/simulation/timeline.h"
#include "test/simulation/violations.h"
#include "test/simulation/workload.h"

namespace muster::test {

// What must hold whatever goes wrong:
//
//   * the first bindings of a gang are sent for its whole minimum;
//   * a binding is sent only while a caller holds the pod's room in
//     kube-scheduler, and no node is bound more than it has;
//   * nothing is written while another holds the lease;
//   * no binding of a former leader comes through once another decides;
//   * a gang that is bound in part, and of which nothing has started, is whole
//     or undone in time, counted while the world lets Muster work;
//   * no gang that is whole is evicted; nor anything that started, unless its gang
//     is to be restarted when it lacks members: then nothing of it is bound until
//     all that ran have gone, or the time for that is over;
//   * members that require one rack are in one rack;
//   * in the end every gang that fits has run, and no promise, held call or
//     nomination is left.
//
// It looks at the truth, and counts by itself.
class Checks : public Witness {
 public:
  using Awaits = std::function<bool(const PodUid&, const NodeName&)>;

  Checks(Timeline& timeline, ApiServer& api, const Faults& faults, Fleet& fleet, Workload& workload,
         Violations& violations, Awaits awaits);
  void Start();
  // The world is not one in which Muster can work, until then.
  void Excuse(absl::Time until) { calm_from_ = std::max(calm_from_, until); }
  // All has been well for a while.
  void Settled();

  void Writes(const Process& sender) override;
  void BindingSent(const Process& sender, const PodVersion& pod, const NodeName& node) override;
  void Bound(const Process& sender, const PodName& pod, const NodeName& node) override;
  void Evicts(const Process& sender, const PodVersion& pod) override;
  void Crashed(const Process& sender) override;

  int64_t bindings() const { return bindings_; }
  int64_t evictions() const { return evictions_; }
  int64_t restarts() const { return restarts_; }

 private:
  struct Sent {
    std::set<PodName> members;  // of the gang's first bindings, or of the first after it was undone
    absl::Time last = absl::InfinitePast();  // when a binding was sent
    bool bound_ever = false;
    absl::Time partial_since = absl::InfiniteFuture();
    std::map<PodUid, PodName> restarted;       // what ran when the first of them was evicted
    std::shared_ptr<const void> restarted_by;  // whoever takes over goes on with the gang as it is
    absl::Time restarted_until = absl::InfinitePast();
  };

  void Seen(const Change& change);
  void FirstBindingsAreWhole(const GangId& id);
  void Restarts(const Process& sender, const GangLife& gang, const Pod& pod);
  void NotWhileRestarted(const Process& sender, const GangLife& gang, const PodName& pod);
  void NodeHasRoom(const Pod& pod, const NodeName& node);
  void OneRack(const GangLife& gang);
  void NotInPartForLong();
  // Members that are bound and neither failed nor on their way out.
  int64_t Living(const GangLife& gang, bool& started) const;
  bool IsWhole(const GangLife& gang) const;

  Timeline& timeline_;
  ApiServer& api_;
  const Faults& faults_;
  Fleet& fleet_;
  Workload& workload_;
  Violations& violations_;
  const Awaits awaits_;
  std::map<GangId, Sent> sent_;
  std::map<PodUid, int64_t> seen_version_;  // of who sent its binding, then
  std::map<NodeName, Resources> allocatable_;
  std::map<NodeName, int64_t> shrunk_;  // the version at which the node got less
  std::set<PodUid> orphans_;            // bound when nobody awaited it any more
  absl::Time calm_from_ = absl::InfinitePast();
  int64_t bindings_ = 0;
  int64_t evictions_ = 0;
  int64_t restarts_ = 0;  // gangs, not pods
};

}  // namespace muster::test
