// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace muster {

// Calls a function on a thread of its own: every `period`, and soon after Wake.
//
// Threads: thread-safe; the function is never called twice at a time.
class Ticker {
 public:
  Ticker(absl::Duration period, std::function<void()> tick);
  ~Ticker() { Stop(); }
  Ticker(const Ticker&) = delete;
  Ticker& operator=(const Ticker&) = delete;

  // Never blocks; may be called from within the function. Without effect
  // after Stop.
  void Wake();

  // Returns when the call that is under way, if any, has ended; none follows.
  void Stop();

 private:
  void Loop();

  const absl::Duration period_;
  const std::function<void()> tick_;
  absl::Mutex mutex_;
  bool awake_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace muster
