// SPDX-License-Identifier: Apache-2.0
#include "scheduling/choice/valuation.h"

#include <cmath>

namespace muster {

Valuation::Valuation(std::vector<Priced> asks) : asks_(std::move(asks)) {
  double sum = 0;
  for (const Priced& priced : asks_) sum += priced.price;
  if (sum > 0) one_of_each_ = std::sqrt(sum);
}

double Valuation::Value(const Room& room, const std::vector<bool>& admitted) const {
  double sum = 0;
  for (size_t a = 0; a < asks_.size(); ++a) {
    if (admitted[a] && asks_[a].price > 0) sum += asks_[a].price * Usable(room, asks_[a].ask);
  }
  return std::sqrt(sum) / one_of_each_;
}

}  // namespace muster
