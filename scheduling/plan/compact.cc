// SPDX-License-Identifier: Apache-2.0
#include "scheduling/plan/compact.h"

#include <algorithm>
#include <functional>
#include <numeric>

namespace muster {
namespace {

class Exchange {
 public:
  Exchange(const std::vector<Holder>& holders, int64_t members, int64_t& effort)
      : holders_(holders), members_(members), effort_(effort) {}

  // How many places within these the members need; more than there are if they have no room.
  size_t PlacesNeeded(const std::vector<size_t>& in) {
    std::vector<int64_t> rooms;
    for (const size_t h : in) rooms.insert(rooms.end(), holders_[h].within.begin(), holders_[h].within.end());
    effort_ -= static_cast<int64_t>(rooms.size());
    std::sort(rooms.begin(), rooms.end(), std::greater<>());
    int64_t left = members_;
    for (size_t i = 0; i < rooms.size(); ++i) {
      left -= rooms[i];
      if (left <= 0) return i + 1;
    }
    return rooms.size() + 1;
  }

  bool HaveRoom(const std::vector<size_t>& in) const {
    return std::accumulate(in.begin(), in.end(), int64_t{0},
                           [&](int64_t sum, size_t h) { return sum + holders_[h].room; }) >= members_;
  }

  // The first exchange that needs fewer places than `needed`, which it sets.
  bool Improve(std::vector<size_t>& in, size_t& needed) {
    for (size_t other = 0; other < holders_.size(); ++other) {
      if (std::find(in.begin(), in.end(), other) != in.end()) continue;
      for (size_t& mine : in) {
        const size_t before = mine;
        mine = other;
        const size_t places = HaveRoom(in) ? PlacesNeeded(in) : needed;
        if (places < needed) {
          needed = places;
          return true;
        }
        mine = before;
        if (effort_ < 0) return false;
      }
    }
    return false;
  }

 private:
  const std::vector<Holder>& holders_;
  const int64_t members_;
  int64_t& effort_;
};

}  // namespace

std::vector<size_t> ExchangeForFewerWithin(const std::vector<Holder>& holders, size_t chosen, int64_t members,
                                           int64_t& effort) {
  Exchange exchange(holders, members, effort);
  std::vector<size_t> all(holders.size());
  std::iota(all.begin(), all.end(), size_t{0});
  const size_t fewest = exchange.PlacesNeeded(all);  // whatever is chosen
  std::vector<size_t> in(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(chosen));
  size_t needed = exchange.PlacesNeeded(in);
  while (needed > fewest && effort > 0 && exchange.Improve(in, needed)) {
  }
  std::sort(in.begin(), in.end());
  return in;
}

}  // namespace muster
