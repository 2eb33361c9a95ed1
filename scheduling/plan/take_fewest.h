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
  int64_t devices;
  int64_t cpu_millis;
  int64_t memory_bytes;

  // Of equally roomy ones.
  bool IsBetterThan(const Opening& other) const {
    return std::tie(penalty, devices, cpu_millis, memory_bytes, node) <
           std::tie(other.penalty, other.devices, other.cpu_millis, other.memory_bytes, other.node);
  }
};

// Takes as few of the openings as hold `members`, the roomiest first, the last
// of them the tightest that holds what is left. `take` gets the chosen ones with
// their members.
// Cost: O(openings), and O(log openings) for each that is taken.
template <typename Take>
void TakeFewest(std::vector<Opening> openings, int64_t members, const Take& take) {
  const auto later = [](const Opening& a, const Opening& b) {
    return a.room != b.room ? a.room < b.room : b.IsBetterThan(a);
  };
  std::make_heap(openings.begin(), openings.end(), later);
  while (members > 0 && !openings.empty()) {
    if (openings.front().room >= members) {
      const auto tightest =
          std::min_element(openings.begin(), openings.end(), [&](const Opening& a, const Opening& b) {
            const bool a_suffices = a.room >= members;
            const bool b_suffices = b.room >= members;
            if (a_suffices != b_suffices) return a_suffices;
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
