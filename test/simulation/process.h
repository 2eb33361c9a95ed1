// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <utility>

#include "absl/time/time.h"
#include "test/simulation/timeline.h"

namespace muster::test {

// One life of a process: what it has to do is done while it lives and is not
// stopped. What came due while it was stopped is done when it goes on.
class Process {
 public:
  explicit Process(Timeline& timeline) : timeline_(timeline) {}
  ~Process() { Kill(); }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  void After(absl::Duration delay, std::function<void()> event) {
    timeline_.After(delay, [this, state = state_, event = std::move(event)]() mutable {
      if (!state->alive) return;
      if (const absl::Duration left = state->stopped_until - timeline_.Now(); left > absl::ZeroDuration()) {
        After(left, std::move(event));
      } else {
        event();
      }
    });
  }

  void Kill() { state_->alive = false; }
  bool alive() const { return state_->alive; }
  // Of no other process, also later, as long as somebody keeps it.
  std::shared_ptr<const void> identity() const { return state_; }

  // As a machine that swaps, or SIGSTOP.
  void StopFor(absl::Duration duration) {
    state_->stopped_until = std::max(state_->stopped_until, timeline_.Now() + duration);
  }
  bool stopped() const { return timeline_.Now() < state_->stopped_until; }
  absl::Time stopped_until() const { return state_->stopped_until; }

 private:
  struct State {
    bool alive = true;
    absl::Time stopped_until = absl::InfinitePast();
  };

  Timeline& timeline_;
  const std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace muster::test
