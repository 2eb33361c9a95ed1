// SPDX-License-Identifier: Apache-2.0
#include "server/threads/ticker.h"

#include <utility>

namespace muster {

Ticker::Ticker(absl::Duration period, std::function<void()> tick)
    : period_(period), tick_(std::move(tick)), thread_([this] { Loop(); }) {}

void Ticker::Stop() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  if (thread_.joinable()) thread_.join();
}

void Ticker::Wake() {
  absl::MutexLock lock(&mutex_);
  awake_ = true;
}

void Ticker::Loop() {
  const auto due = [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return awake_ || stopping_; };
  for (;;) {
    {
      absl::MutexLock lock(&mutex_);
      mutex_.AwaitWithTimeout(absl::Condition(&due), period_);
      if (stopping_) return;
      awake_ = false;
    }
    tick_();
  }
}

}  // namespace muster
