// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "scheduling/model/seat.h"
#include "scheduling/plan/board.h"
#include "scheduling/plan/capacity.h"
#include "scheduling/plan/constraints.h"
#include "scheduling/plan/parts.h"
#include "scheduling/plan/scope.h"

namespace muster {

// Where a part comes closest to finding room, and how far it gets there.
struct Closest {
  Scope scope;
  DomainId domain = kRootDomain;
  int64_t fits = 0;                // members side by side
  std::optional<size_t> short_of;  // the class of which a member is left over
  std::vector<int64_t> left;       // by node, how many more of that class have room beside those that fit
};

// A look at the room for the required members of one part of a gang.
//
// What the parts within ask for is left out: it comes on top.
// Threads: thread-compatible. Cost: building, O(classes x (nodes + domains)).
class Survey {
 public:
  // All outlive the survey; it takes nothing from the board for good.
  Survey(Board& board, const Parts& parts, const Constraints& constraints, int32_t part);

  const CapacityRules& rules() const { return rules_; }
  // How many required members have no place, in all and of one class.
  int64_t missing() const;
  int64_t missing(size_t cls) const { return missing_[cls]; }

  // What the classes find in the domain each alone: at least what fits.
  int64_t Bound(DomainId domain) const;

  // How much the best domain of the level would hold of the part, by Bound.
  LevelFit AtLevel(size_t level) const;

  // The best domain of `level`, or of the whole cluster without one, and how
  // many members really fit there side by side.
  Closest FindClosest(std::optional<size_t> level);

 private:
  void SeatSideBySide(Closest& closest);

  Board& board_;
  const Constraints& constraints_;
  const int32_t part_;
  const std::vector<int64_t> missing_;  // by class
  CapacityRules rules_;
  std::vector<std::vector<int64_t>> capacity_;  // by class and domain
};

}  // namespace muster
