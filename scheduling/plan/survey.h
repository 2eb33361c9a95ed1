// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "scheduling/model/seat.h"
#include "scheduling/plan/board.h"
#include "scheduling/plan/capacity.h"
#include "scheduling/plan/ceiling.h"
#include "scheduling/plan/effort.h"
#include "scheduling/plan/parts.h"
#include "scheduling/plan/placer.h"
#include "scheduling/plan/scope.h"

namespace muster {

// Where a part comes closest to finding room, and how far it gets there.
struct Closest {
  DomainId domain = kRootDomain;  // kNoDomain: no node is in one of the level
  int64_t fits = 0;               // members side by side
};

// A look at the room for the required members of one part of a gang, and of the
// parts within it where these want to be.
//
// Threads: thread-compatible. Cost: building, O(classes x (nodes + domains)).
class Survey {
 public:
  // All outlive the survey; the placer has placed nothing, and nothing stays changed.
  Survey(Board& board, const Parts& parts, Placer& placer, int32_t part, Effort& effort);

  const CapacityRules& rules() const { return rules_; }
  // How many required members have no place, in all and of one class.
  int64_t missing() const;
  int64_t missing(size_t cls) const { return missing_[cls]; }
  // The first class of which some have none.
  size_t FirstMissing() const;

  // Whether what its members find each by itself leaves it possible that one domain
  // of the level, or the whole cluster without one, holds the part.
  bool MightHold(std::optional<size_t> level) const;

  // Whether MightHold is no mere possibility: nothing competes, or depends on others.
  bool IsExact() const { return bound_is_exact_ && parts_.all.size() == 1 && rules_.layers.empty(); }

  // How the domains of a level hold the part: how many members were seated side by
  // side in the best, of as many as the effort allows. Exact where the members
  // are of one class and ask for no more than one place together; else at most
  // what would fit. Of few nodes it is exact which domains hold all.
  LevelFit AtLevel(size_t level);

  // The domain of `level`, or the whole cluster without one, where the most
  // members were seated side by side.
  Closest FindClosest(std::optional<size_t> level);

  // Who is seated there, and who is not; nobody in kNoDomain.
  Attempt SeatIn(DomainId domain);

 private:
  struct Look {
    DomainId best = kNoDomain;
    int64_t fits = 0;
    int64_t holding = 0;
    int64_t domains = 0;
    bool cut_short = false;
  };

  // At least what fits in the domain.
  int64_t Bound(DomainId domain) const;
  Look LookAt(size_t level);
  // What fits in the domain side by side.
  int64_t FitsIn(DomainId domain);
  // Whether all do that have to, where seating one after the other did not find it.
  bool HoldsAll(DomainId domain);

  Board& board_;
  const Parts& parts_;
  Placer& placer_;
  const int32_t part_;
  const std::vector<int64_t> missing_;  // by class
  CapacityRules rules_;
  std::vector<DomainRoom> capacity_;  // by class
  bool bound_is_exact_;
  std::optional<DomainRoom> ceiling_;  // unless the bound is exact
  Effort& effort_;                     // for seating side by side
};

}  // namespace muster
