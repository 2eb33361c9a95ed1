// SPDX-License-Identifier: Apache-2.0
#include "server/lead/elector.h"

#include <utility>

namespace muster {

Elector::Elector(ElectorOptions options, const Clock& steady, const Clock& wall, LeaseApi& api)
    : options_(std::move(options)), steady_(steady), wall_(wall), api_(api) {}

void Elector::Tick() {
  bool renew = false;
  {
    absl::MutexLock lock(&mu_);
    const absl::Time now = steady_.Now();
    if (busy_ || resigned_ || lost_ || now < next_) return;
    busy_ = true;
    renew = led_ && !unsure_ && now < leads_until_;
  }
  if (renew) {
    Write();
  } else {
    Read();
  }
}

void Elector::Read() {
  api_.ReadLease([this](absl::StatusOr<Lease> lease) { WasRead(std::move(lease)); });
}

void Elector::WasRead(absl::StatusOr<Lease> lease) {
  bool writes = false;
  {
    absl::MutexLock lock(&mu_);
    const absl::Time now = steady_.Now();
    if (absl::IsNotFound(lease.status())) lease = Lease();
    error_ = lease.status();
    if (lease.ok()) {
      Observe(*lease, now);
      unsure_ = false;
      // With the same number of changes nobody else held it in between.
      lost_ |= led_ && (!IsMine() || lease_.transitions != transitions_);
    }
    writes = lease.ok() && !resigned_ && !lost_ && MayTake(now);
    if (!writes) {
      busy_ = false;
      next_ = now + options_.retry;
    }
  }
  if (writes) {
    Write();
  } else {
    ReleaseIfResigned();
  }
}

bool Elector::IsMine() const { return lease_.holder == options_.identity; }

void Elector::Observe(const Lease& lease, absl::Time now) {
  if (changed_ != absl::InfiniteFuture() && lease == lease_) return;
  lease_ = lease;
  changed_ = now;
}

bool Elector::MayTake(absl::Time now) const {
  const absl::Duration left_alone =
      lease_.duration > absl::ZeroDuration() ? lease_.duration : options_.duration;
  return lease_.holder.empty() || IsMine() || now - changed_ >= left_alone;
}

Lease Elector::Renewed() const {
  Lease next = lease_;
  next.renewed = wall_.Now();
  next.duration = options_.duration;
  if (led_) return next;
  next.holder = options_.identity;
  next.acquired = next.renewed;
  next.transitions += lease_.version.empty() ? 0 : 1;
  return next;
}

void Elector::Write() {
  Lease next;
  absl::Time sent;
  bool takes_over = false;
  {
    absl::MutexLock lock(&mu_);
    next = Renewed();
    takes_over = !led_ && !lease_.holder.empty();
    // What is written may be seen by others at once, so the time counts from here.
    sent = steady_.Now();
  }
  api_.WriteLease(next, [this, sent, takes_over](const absl::StatusOr<Lease>& lease) {
    WasWritten(sent, takes_over, lease);
  });
}

void Elector::WasWritten(absl::Time sent, bool takes_over, const absl::StatusOr<Lease>& lease) {
  {
    absl::MutexLock lock(&mu_);
    const absl::Time now = steady_.Now();
    busy_ = false;
    next_ = now + options_.retry;
    error_ = lease.status();
    if (lease.ok()) Observe(*lease, now);
    if (lease.ok()) {
      if (!led_) took_over_ = takes_over;
      led_ = true;
      transitions_ = lease->transitions;
      leads_until_ = sent + options_.renew_deadline;
    } else {
      // It may be written all the same, by a call whose answer was lost.
      unsure_ = true;
      if (absl::IsAborted(lease.status())) next_ = now;
    }
  }
  ReleaseIfResigned();
}

bool Elector::Leads() const {
  absl::MutexLock lock(&mu_);
  return led_ && !lost_ && !resigned_ && steady_.Now() < leads_until_;
}

bool Elector::Lost() const {
  absl::MutexLock lock(&mu_);
  return lost_;
}

bool Elector::TookOver() const {
  absl::MutexLock lock(&mu_);
  return took_over_;
}

std::string Elector::Leader() const {
  absl::MutexLock lock(&mu_);
  return lease_.holder;
}

absl::Status Elector::LastError() const {
  absl::MutexLock lock(&mu_);
  return error_;
}

void Elector::Resign(std::function<void()> done) {
  {
    absl::MutexLock lock(&mu_);
    resigned_ = true;
    released_ = std::move(done);
  }
  ReleaseIfResigned();
}

void Elector::ReleaseIfResigned() {
  Lease last;
  std::function<void()> done;
  bool mine = false;
  {
    absl::MutexLock lock(&mu_);
    if (busy_ || released_ == nullptr) return;
    done = std::exchange(released_, nullptr);
    mine = IsMine() && led_ && !lost_;
    last = lease_;
    last.holder = "";
    last.duration = absl::Seconds(1);
    last.renewed = wall_.Now();
  }
  if (!mine) return done();
  api_.WriteLease(last, [done = std::move(done)](const absl::StatusOr<Lease>&) { done(); });
}

}  // namespace muster
