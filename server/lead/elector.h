// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "server/clock.h"
#include "server/lead/lease.h"

namespace muster {

struct ElectorOptions {
  std::string identity;  // differs between processes, also of one host
  // How long others leave a lease alone that its holder does not renew.
  absl::Duration duration = absl::Seconds(15);
  // How long the holder leads without having renewed it. Less than `duration`.
  absl::Duration renew_deadline = absl::Seconds(10);
  // How often it is renewed, or looked at. Less than `renew_deadline`.
  absl::Duration retry = absl::Seconds(1);
};

// One candidate for the lease, by the timing rules of client-go's leader
// election: a lease is taken when it was given up, or when it did not change for
// its whole duration by this process's own clock.
//
// A leader that can't renew the lease in time stops leading, and goes on where it
// was once it can renew it again: nobody else led meanwhile. Once somebody else
// had the lease it never leads again: what this process thinks it knows may be
// out of date, so it ends, and a new one begins.
//
// Invariant: of all electors that obey it, at most one has Leads() at a time,
//            however their wall clocks differ and however long calls take.
// Time:      `steady` runs on while the machine sleeps and never jumps; `wall`
//            is only written down for people.
// Threads:   thread-safe. Tick is called about ten times a second.
class Elector {
 public:
  Elector(ElectorOptions options, const Clock& steady, const Clock& wall, LeaseApi& api);

  void Tick();

  // Whether this process may write: its lease can't have been taken by another.
  bool Leads() const;
  // Whether it led, and somebody else had the lease since.
  bool Lost() const;
  // Whether the lease was taken from one who did not give it up and may still
  // have calls under way. REQUIRES: it leads, or led.
  bool TookOver() const;
  // "": nobody, or not known yet.
  std::string Leader() const;
  // Why the lease could not be read or written last; OK if it could.
  absl::Status LastError() const;

  // Gives the lease up, so that another need not wait for its end, and calls
  // `done` when that is written or failed. Leads() is false from now on.
  void Resign(std::function<void()> done);

 private:
  void Read() ABSL_LOCKS_EXCLUDED(mu_);
  void Write() ABSL_LOCKS_EXCLUDED(mu_);
  void WasRead(absl::StatusOr<Lease> lease) ABSL_LOCKS_EXCLUDED(mu_);
  void WasWritten(absl::Time sent, bool takes_over, const absl::StatusOr<Lease>& lease)
      ABSL_LOCKS_EXCLUDED(mu_);
  void ReleaseIfResigned() ABSL_LOCKS_EXCLUDED(mu_);
  bool IsMine() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  bool MayTake(absl::Time now) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  Lease Renewed() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Observe(const Lease& lease, absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const ElectorOptions options_;
  const Clock& steady_;
  const Clock& wall_;
  LeaseApi& api_;

  mutable absl::Mutex mu_;
  Lease lease_ ABSL_GUARDED_BY(mu_);                                  // as last seen
  absl::Time changed_ ABSL_GUARDED_BY(mu_) = absl::InfiniteFuture();  // since when it is like that
  bool busy_ ABSL_GUARDED_BY(mu_) = false;                            // a call is under way
  absl::Time next_ ABSL_GUARDED_BY(mu_) = absl::InfinitePast();
  absl::Time leads_until_ ABSL_GUARDED_BY(mu_) = absl::InfinitePast();
  bool led_ ABSL_GUARDED_BY(mu_) = false;
  bool lost_ ABSL_GUARDED_BY(mu_) = false;
  int64_t transitions_ ABSL_GUARDED_BY(mu_) = 0;  // of the lease as it was taken
  bool unsure_ ABSL_GUARDED_BY(mu_) = false;      // whether the last write came through
  bool resigned_ ABSL_GUARDED_BY(mu_) = false;
  std::function<void()> released_ ABSL_GUARDED_BY(mu_);
  bool took_over_ ABSL_GUARDED_BY(mu_) = false;
  absl::Status error_ ABSL_GUARDED_BY(mu_);
};

}  // namespace muster
