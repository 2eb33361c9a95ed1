// SPDX-License-Identifier: Apache-2.0
#include "server/extender/connection_threads.h"

#include <pthread.h>

#include <utility>

namespace muster {
namespace {

// Address space, not memory: only what a thread touches becomes resident. The
// HTTP library matches some headers with std::regex, which recurses per
// character of up to 8 KB.
constexpr size_t kStackBytes = 8 << 20;

}  // namespace

void ConnectionThreads::Run(std::function<void()> task) {
  bool full = false;
  {
    absl::MutexLock lock(&mu_);
    tasks_.push_back(std::move(task));
    if (tasks_.size() <= idle_) {
      task_or_finish_.Signal();
      return;
    }
    if (threads_ < options_.max_threads && StartThread()) {
      ++threads_;
    } else {
      full = true;
    }
  }
  if (full) options_.on_full();
}

bool ConnectionThreads::StartThread() {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize(&attributes, kStackBytes);
  pthread_t thread;
  const bool started = pthread_create(&thread, &attributes, &ConnectionThreads::Main, this) == 0;
  pthread_attr_destroy(&attributes);
  return started;
}

void* ConnectionThreads::Main(void* self) {
  static_cast<ConnectionThreads*>(self)->Serve();
  return nullptr;
}

void ConnectionThreads::Serve() {
  absl::MutexLock lock(&mu_);
  for (bool timed_out = false; !tasks_.empty() || !(finishing_ || timed_out);) {
    if (tasks_.empty()) {
      ++idle_;
      timed_out = task_or_finish_.WaitWithTimeout(&mu_, options_.idle);
      --idle_;
      continue;
    }
    std::function<void()> task = std::move(tasks_.front());
    tasks_.pop_front();
    mu_.Unlock();
    task();
    task = nullptr;
    mu_.Lock();
    timed_out = false;
  }
  --threads_;
}

void ConnectionThreads::Finish() {
  const auto none = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return threads_ == 0; };
  absl::MutexLock lock(&mu_);
  finishing_ = true;
  task_or_finish_.SignalAll();
  mu_.Await(absl::Condition(&none));
}

size_t ConnectionThreads::threads() const {
  absl::MutexLock lock(&mu_);
  return threads_;
}

}  // namespace muster
