// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "scheduling/choice/worth.h"

namespace muster {

// Of one decision after the other what each room loses, found once for all
// nodes that have this room.
//
// Threads: thread-compatible.
class Losses {
 public:
  explicit Losses(Worth& worth) : worth_(worth) {}

  // From now on it is about this ask.
  void Begin(size_t ask) {
    ask_ = ask;
    ++decision_;
  }
  const Worth::Loss& Of(RoomId room) {
    const auto r = static_cast<size_t>(room);
    if (r >= known_.size()) known_.resize(worth_.rooms());
    if (known_[r].decision != decision_) known_[r] = {decision_, worth_.LossOf(room, ask_)};
    return known_[r].loss;
  }

 private:
  struct Known {
    int64_t decision = 0;
    Worth::Loss loss;
  };

  Worth& worth_;
  size_t ask_ = 0;
  int64_t decision_ = 0;
  std::vector<Known> known_;
};

}  // namespace muster
