// SPDX-License-Identifier: Apache-2.0
#include "scheduling/plan/compact.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <utility>

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

  // The first exchange that needs fewer places than `needed`, which it sets.
  bool Improve(std::vector<size_t>& in, size_t& needed) {
    std::vector<bool> chosen(holders_.size());
    int64_t room = 0;
    for (const size_t h : in) {
      chosen[h] = true;
      room += holders_[h].room;
    }
    for (size_t other = 0; other < holders_.size(); ++other) {
      if (chosen[other]) continue;
      for (size_t& mine : in) {
        if (--effort_ < 0) return false;
        if (room - holders_[mine].room + holders_[other].room < members_) continue;
        const size_t before = std::exchange(mine, other);
        const size_t places = PlacesNeeded(in);
        if (places < needed) {
          needed = places;
          return true;
        }
        mine = before;
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
