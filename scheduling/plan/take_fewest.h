// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <tuple>
#include <vector>

namespace muster {

// A node that holds some of the members, and what speaks against it.
struct Opening {
  int32_t node;
  int64_t room;
  int64_t penalty;
  int64_t loss;  // for the pods to come, if so many members go there as have room
  int64_t devices;
  int64_t cpu_millis;
  int64_t memory_bytes;

  // Of equally roomy ones.
  bool IsBetterThan(const Opening& other) const {
    return std::tie(penalty, loss, devices, cpu_millis, memory_bytes, node) <
           std::tie(other.penalty, other.loss, other.devices, other.cpu_millis, other.memory_bytes,
                    other.node);
  }
};

// Takes as few of the openings as hold `members`, the roomiest first, the last
// of them, of those that hold what is left, the one where that costs the pods to
// come least, as `loss_of` says; of equals the tightest. `take` gets the chosen
// ones with their members.
// Cost: O(openings), and O(log openings) for each that is taken.
template <typename LossOf, typename Take>
void TakeFewest(std::vector<Opening> openings, int64_t members, const LossOf& loss_of, const Take& take) {
  const auto later = [](const Opening& a, const Opening& b) {
    return a.room != b.room ? a.room < b.room : b.IsBetterThan(a);
  };
  std::make_heap(openings.begin(), openings.end(), later);
  while (members > 0 && !openings.empty()) {
    if (openings.front().room >= members) {
      for (Opening& opening : openings) {
        if (opening.room > members) opening.loss = loss_of(opening.node, members);
      }
      const auto tightest =
          std::min_element(openings.begin(), openings.end(), [&](const Opening& a, const Opening& b) {
            const bool a_suffices = a.room >= members;
            const bool b_suffices = b.room >= members;
            if (a_suffices != b_suffices) return a_suffices;
            if (a.loss != b.loss) return a.penalty != b.penalty ? a.penalty < b.penalty : a.loss < b.loss;
            return a.room != b.room ? a.room < b.room : a.IsBetterThan(b);
          });
      take(*tightest, members);
      return;
    }
    std::pop_heap(openings.begin(), openings.end(), later);
    take(openings.back(), openings.back().room);
    members -= openings.back().room;
    openings.pop_back();
  }
}

}  // namespace muster
