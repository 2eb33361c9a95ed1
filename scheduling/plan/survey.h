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
#include "scheduling/plan/effort.h"
#include "scheduling/plan/parts.h"
#include "scheduling/plan/scope.h"

namespace muster {

// Where a part comes closest to finding room, and how far it gets there.
struct Closest {
  Scope scope = {};
  DomainId domain = kRootDomain;
  int64_t fits = 0;                     // members side by side
  std::optional<size_t> short_of = {};  // the class of which a member is left over
  std::vector<int64_t> left = {};  // by node, how many more of that class have room beside those that fit
};

// How far an attempt got that took these portions and then found no place for a
// member of the class. In the whole cluster.
Closest Replayed(Board& board, const std::vector<Portion>& portions, size_t short_of);

// A look at the room for the required members of one part of a gang.
//
// What the parts within ask for is left out: it comes on top.
// Threads: thread-compatible. Cost: building, O(classes x (nodes + domains)).
class Survey {
 public:
  // All outlive the survey; it takes nothing from the board for good.
  Survey(Board& board, const Parts& parts, const Constraints& constraints, int32_t part, Effort& effort);

  const CapacityRules& rules() const { return rules_; }
  // How many required members have no place, in all and of one class.
  int64_t missing() const;
  int64_t missing(size_t cls) const { return missing_[cls]; }

  // Whether what its classes find each alone leaves it possible that one domain
  // of the level, or the whole cluster without one, holds the part.
  bool MightHold(std::optional<size_t> level) const;

  // How the domains of a level hold the part. Where its members compete, that
  // is how many were seated side by side, in as many domains as the effort
  // allows: at most what would fit. Of a gang without subgroups on few nodes it is
  // exact which domains hold all.
  LevelFit AtLevel(size_t level);

  // The domain of `level`, or the whole cluster without one, where the most
  // members were seated side by side.
  Closest FindClosest(std::optional<size_t> level);

 private:
  struct Look {
    DomainId best = kNoDomain;
    int64_t fits = 0;
    int64_t holding = 0;
    int64_t domains = 0;
    bool cut_short = false;
  };

  // What the classes find in the domain each alone: at least what fits.
  int64_t Bound(DomainId domain) const;
  Look LookAt(size_t level);
  // What fits in the domain side by side.
  int64_t FitsIn(DomainId domain);
  // Whether all do that have to, where seating them one class after the other did
  // not find it.
  bool HoldsAll(DomainId domain);
  void SeatSideBySide(Closest& closest, std::vector<int64_t>* left);

  Board& board_;
  const Parts& parts_;
  const Constraints& constraints_;
  const int32_t part_;
  const std::vector<int64_t> missing_;  // by class
  CapacityRules rules_;
  std::vector<DomainRoom> capacity_;  // by class
  bool bound_is_exact_;
  Effort& effort_;  // for seating side by side
};

}  // namespace muster
