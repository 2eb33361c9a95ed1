// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>
#include <vector>

#include "scheduling/choice/room.h"

namespace muster {

// What Worth says rooms are worth, as of the moment in which it was copied out:
// for plans that are made while demand goes on being counted.
//
// Units:   the value of a room, with 1 for one that holds one of each kind.
// Threads: a value.
class Valuation {
 public:
  struct Priced {
    Ask ask;
    float price = 0;
  };

  Valuation() = default;
  explicit Valuation(std::vector<Priced> asks);

  const std::vector<Priced>& asks() const { return asks_; }
  // `admitted` says of each of asks() whether it may come to this room; as long as they are.
  // Cost: a look at each.
  double Value(const Room& room, const std::vector<bool>& admitted) const;

 private:
  std::vector<Priced> asks_;
  double one_of_each_ = 1;
};

}  // namespace muster
