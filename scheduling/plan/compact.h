// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace muster {

// A place that holds members in places within it.
struct Holder {
  int64_t room = 0;
  std::vector<int64_t> within;  // their rooms, the roomiest first
};

// Of `holders`, some that hold `members` in as few of the places within as
// exchanging one for another can reach: as many as `chosen` of them, starting
// with the first. In ascending order.
//
// `effort` is how many numbers may be looked at; what was is taken off.
// REQUIRES: the first `chosen` hold the members, and no fewer of any would.
std::vector<size_t> ExchangeForFewerWithin(const std::vector<Holder>& holders, size_t chosen, int64_t members,
                                           int64_t& effort);

}  // namespace muster
