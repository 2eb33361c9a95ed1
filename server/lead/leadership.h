// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "scheduling/model/cluster_view.h"
#include "server/clock.h"
#include "server/lead/elector.h"
#include "server/lead/takeover.h"

namespace muster {

// From the lease to decisions: a replica that gets the lease first makes late
// writes of the leader before it fail, then lets the world know its address, and
// then decides.
//
//   follows ──lease──▶ takes over ──▶ decides ──lease lost──▶ ended
//
// Time:    from the clock.
// Threads: thread-safe. Tick is called about ten times a second.
class Leadership {
 public:
  // Makes this process the endpoint of the service.
  using Announce = std::function<void(std::function<void(const absl::Status&)> done)>;
  // The cluster as it is known; null while it is not.
  using View = std::function<std::shared_ptr<const ClusterView>()>;

  // `announce` may be null. All else outlives this.
  Leadership(Elector& elector, Takeover takeover, View view, Announce announce, const Clock& clock);

  void Tick();

  // OK while this process decides; otherwise kUnavailable says who does.
  absl::Status MayDecide() const;
  // It decided once and must not any more: the process has to end.
  bool Ended() const { return elector_.Lost(); }

 private:
  void AnnounceIfDue(absl::Time now);
  void LogError(const absl::Status& error);

  Elector& elector_;
  const View view_;
  const Announce announce_;
  const Clock& clock_;
  mutable absl::Mutex mu_;
  Takeover takeover_ ABSL_GUARDED_BY(mu_);
  bool decides_ ABSL_GUARDED_BY(mu_) = false;
  absl::Status logged_ ABSL_GUARDED_BY(mu_);
  absl::Time announce_at_ ABSL_GUARDED_BY(mu_) = absl::InfinitePast();
};

}  // namespace muster
