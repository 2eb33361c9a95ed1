// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "scheduling/capacity/prices.h"
#include "scheduling/engine/expansion.h"

namespace muster {

// What one option is worth to those who are looked at.
struct OptionWorth {
  int64_t pods = 0;
  double value = 0;  // of what they ask for, by the rates
};

// How options that are as good for the pods compare.
class ExpansionOrder {
 public:
  // `expansion`, `bought` (the prices of all that the options add) and `prices`
  // must live as long as this.
  ExpansionOrder(const Expansion& expansion, const std::vector<double>& bought, const Prices& prices,
                 const ExpanderOptions& options);

  // Less is better; of equals none is.
  std::pair<double, double> Cost(size_t option, const OptionWorth& worth) const;

 private:
  double PerValue(size_t option, const OptionWorth& worth) const;

  const Expansion& expansion_;
  const std::vector<double>& bought_;
  const Prices& prices_;
  const ExpanderOrder order_;
  std::vector<size_t> places_;  // by option: of the first of the patterns that its name matches
};

}  // namespace muster
