// SPDX-License-Identifier: Apache-2.0
#include "server/threads/worker.h"

#include <utility>

namespace muster {

Worker::Worker(size_t longest_queue) : longest_queue_(longest_queue), thread_([this] { Work(); }) {}

Worker::~Worker() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  thread_.join();
}

bool Worker::Run(std::function<void()> job) {
  absl::MutexLock lock(&mutex_);
  if (jobs_.size() >= longest_queue_) return false;
  jobs_.push_back(std::move(job));
  return true;
}

void Worker::Work() {
  const auto due = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return stopping_ || !jobs_.empty(); };
  while (true) {
    std::function<void()> job;
    {
      absl::MutexLock lock(&mutex_, absl::Condition(&due));
      if (jobs_.empty()) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    job();
  }
}

}  // namespace muster
