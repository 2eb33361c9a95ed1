// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "scheduling/engine/engine.h"
#include "server/cluster_api.h"
#include "server/service.h"

namespace muster {

// What is to be done once the lock is released: calls to the API server and
// answers to callers, in order.
using Effects = std::vector<std::function<void()>>;

// The bindings that are being written, each until the API server has it, the
// pod is gone, or the time is up.
//
// A binding that fails is tried again with the same seat: once one member of a
// gang is bound the others must follow. An answer that was lost (no reply, a
// conflict) is settled by reading the pod. Nothing is sent for a pod whose caller
// is gone: kube-scheduler holds its room no longer, and may have given it away.
// It comes again, and the binding goes on then.
//
// Invariant: a pod has one binding at most, and at most one of its calls to
//            the API server is outstanding.
// Time:      callers pass it in.
// Threads:   thread-compatible; Decisions serialises callers. `enter` lets the
//            API's replies in: it runs its argument under the same lock.
class Bindings {
 public:
  using Enter = std::function<void(std::function<void(Effects&, absl::Time)>)>;

  // Numbers since the start.
  struct Counts {
    int64_t done = 0;
    int64_t failed = 0;
    int64_t retried = 0;
  };

  Bindings(Engine& engine, ClusterApi& api, std::string epoch, Enter enter);

  // Starts to bind `seat` for `owner`, a gang or the owner of one pod's seat.
  // A gang's binding is tried until `until`, one pod's a few times.
  void Start(const GangId& owner, const Seat& seat, const std::string& commit, absl::Time now,
             absl::Time until, std::shared_ptr<HeldCall> held, Effects& effects);

  // The seat to which this pod is being bound; null if it is not. Valid until
  // the next change.
  const Seat* Find(const PodUid& uid) const;

  // Whether this pod is being bound and no caller holds its room.
  bool IsAbandoned(const PodUid& uid) const;

  // The result of this pod's binding will go to `held`, and the call that waited
  // before is told so. REQUIRES: it is being bound.
  void Attach(const PodUid& uid, std::shared_ptr<HeldCall> held, absl::Time now, Effects& effects);

  // Starts what is due, gives up what is over, and answers callers whose call
  // began before `oldest` that the binding goes on without them.
  void Tick(absl::Time now, absl::Time oldest, Effects& effects);

  Counts counts() const { return counts_; }

 private:
  struct Binding {
    GangId owner;
    Seat seat;
    std::string commit;
    std::string resource_version;
    std::shared_ptr<HeldCall> held;  // null once answered
    absl::Time held_since;
    absl::Time until;
    absl::Time next = absl::InfiniteFuture();  // of the next try; infinite while one is outstanding
    int attempts = 0;
    bool read_first = false;               // the outcome of the last try is unknown
    absl::Status last = absl::OkStatus();  // why the last try failed
  };

  void Post(const PodUid& uid, Effects& effects);
  // Posts it once more, if its seat still stands and its time is not up; as soon
  // as a caller waits for it.
  void PostAgain(const PodUid& uid, absl::Time now, Effects& effects);
  void Read(const PodUid& uid, Effects& effects);
  void Posted(const PodUid& uid, const absl::Status& status, absl::Time now, Effects& effects);
  void WasRead(const PodUid& uid, const absl::StatusOr<Pod>& pod, absl::Time now, Effects& effects);
  void RetryLater(Binding& binding, absl::Time now);
  bool OfGang(const Binding& binding) const;
  static bool HasCaller(const Binding& binding);
  void End(const PodUid& uid, const absl::Status& status, Effects& effects);
  static void Answer(Binding& binding, absl::Status status, Effects& effects);

  Engine& engine_;
  ClusterApi& api_;
  const std::string epoch_;
  const Enter enter_;
  std::map<PodUid, Binding> bindings_;
  Counts counts_;
};

}  // namespace muster
