// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <functional>
#include <limits>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace muster {

// Runs jobs one after the other on a thread of its own.
//
// Why:     reading the manifests of a large cluster takes seconds, and gRPC's
//          few callback threads must be free to answer filter calls meanwhile.
// Threads: thread-safe.
class Worker {
 public:
  // At most `longest_queue` jobs wait.
  explicit Worker(size_t longest_queue = std::numeric_limits<size_t>::max());
  // Runs what is queued and then stops.
  ~Worker();

  // False, and the job is dropped, if too many wait.
  bool Run(std::function<void()> job);

 private:
  void Work();

  const size_t longest_queue_;
  absl::Mutex mutex_;
  std::deque<std::function<void()>> jobs_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace muster
