// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ctime>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace muster {

// Where server code gets the time from, so that tests can set it.
// Threads: thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual absl::Time Now() const = 0;
};

// Runs on while the machine sleeps, and never jumps: for how long ago something
// was. It starts at the wall clock's time.
class SteadyClock : public Clock {
 public:
  absl::Time Now() const override { return started_ + (Boot() - boot_); }

 private:
  static absl::Duration Boot() {
    timespec now{};
    clock_gettime(CLOCK_BOOTTIME, &now);
    return absl::DurationFromTimespec(now);
  }

  const absl::Time started_ = absl::Now();
  const absl::Duration boot_ = Boot();
};

class RealClock : public Clock {
 public:
  absl::Time Now() const override { return absl::Now(); }
};

}  // namespace muster
