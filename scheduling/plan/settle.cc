// SPDX-License-Identifier: Apache-2.0
// Which member of a fill gets which of the seats that were taken for it.
#include <algorithm>
#include <utility>

#include "scheduling/plan/deal.h"
#include "scheduling/plan/placer.h"

namespace muster {

void Placer::Settle() {
  std::vector<std::vector<Hand::Seats>> seats(fills_.size());
  for (const Portion& portion : board_.taken()) {
    if (!fills_[portion.fill].settled) seats[portion.fill].push_back({portion.node, portion.members});
  }
  for (size_t first = 0; first < fills_.size(); ++first) {
    if (fills_[first].settled) continue;
    std::vector<size_t> together;
    std::vector<Hand> hands;
    for (size_t f = first; f < fills_.size(); ++f) {
      if (fills_[f].settled || (f != first && !BelongTogether(fills_[first], fills_[f]))) continue;
      together.push_back(f);
      hands.push_back({fills_[f].members, std::move(seats[f])});
    }
    const auto nodes = Deal(constraints_.TreeOf(fills_[first].part), std::move(hands));
    for (size_t i = 0; i < together.size(); ++i) {
      Fill& fill = fills_[together[i]];
      for (size_t m = 0; m < nodes[i].size(); ++m) parts_.members[fill.members[m]].node = nodes[i][m];
      fill.settled = true;
    }
  }
}

bool Placer::BelongTogether(const Fill& a, const Fill& b) const {
  return a.part == b.part && part(a.part).demand.slices.empty();
}

}  // namespace muster
