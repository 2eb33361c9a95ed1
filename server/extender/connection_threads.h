// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <functional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace muster {

// Runs each task on a thread of its own: an idle one, or a new one if none is.
//
// Why:     a held bind call occupies its thread for up to a minute. With any
//          fixed number of threads, that many held calls stop every other.
// Threads: thread-safe.
class ConnectionThreads {
 public:
  struct Options {
    size_t max_threads = 8192;
    absl::Duration idle = absl::Seconds(10);  // then an idle thread ends
    // Called for each task that must wait because max_threads are busy.
    std::function<void()> on_full = [] {};
  };

  explicit ConnectionThreads(Options options) : options_(std::move(options)) {}
  ~ConnectionThreads() { Finish(); }
  ConnectionThreads(const ConnectionThreads&) = delete;
  ConnectionThreads& operator=(const ConnectionThreads&) = delete;

  // Runs `task` now, or, when max_threads are busy or the system has no more
  // threads to give, as soon as one is free.
  void Run(std::function<void()> task);

  // Returns when all tasks are done and all threads have ended.
  // REQUIRES: Run is not called any more.
  void Finish();

  size_t threads() const;

 private:
  static void* Main(void* self);
  void Serve();
  bool StartThread() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const Options options_;
  mutable absl::Mutex mu_;
  absl::CondVar task_or_finish_;
  std::deque<std::function<void()>> tasks_ ABSL_GUARDED_BY(mu_);
  size_t threads_ ABSL_GUARDED_BY(mu_) = 0;
  size_t idle_ ABSL_GUARDED_BY(mu_) = 0;
  bool finishing_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace muster
