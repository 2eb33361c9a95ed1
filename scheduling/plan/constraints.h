// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "scheduling/plan/board.h"
#include "scheduling/plan/capacity.h"
#include "scheduling/plan/fills.h"
#include "scheduling/plan/parts.h"

namespace muster {

// What the demands of a gang's parts mean for one more member, given where the
// members are that have a place.
//
// Threads: thread-compatible.
class Constraints {
 public:
  // `others_here` says by node whether members of other gangs are there; it
  // may be empty if no part asks for an exclusive domain. All else outlives this.
  Constraints(const Board& board, const Parts& parts, const std::vector<Fill>& fills,
              std::vector<bool> others_here);

  // The tree by which members of the part are placed: that of its own demand,
  // or else of the nearest part around it that has one.
  const DomainTree& TreeOf(int32_t part) const;

  // The rules for members that are directly in the part, its own and those of
  // the parts around it; without slices.
  CapacityRules RulesOf(int32_t part) const;

  // From now on RulesOf leaves out what this part requires: the level that others
  // look at instead. -1: of none.
  void LeaveOutRequiredOf(int32_t part) { left_out_ = part; }

  // The nodes of the part's members, at whatever depth, those among them that
  // were taken on the board and not yet settled.
  std::vector<int32_t> PlacesOf(int32_t part) const;

  // The domains of a level of `tree` within `scope` in which the part may be: if
  // members of it have a place, those where most are (several if as many are in
  // each); otherwise all, in order.
  std::vector<DomainId> DomainsOf(int32_t part, const DomainTree& tree, size_t level,
                                  const Scope& scope) const;

  const std::vector<bool>& others_here() const { return others_here_; }

  // Whether the part is `other` or a part of it.
  bool IsWithin(int32_t part, int32_t other) const;

 private:
  // Calls `visit(part, node)` for every member with a place.
  template <typename Visit>
  void ForEachPlace(const Visit& visit) const;
  // By domain, whether a member of the gang has its place there; empty if none has.
  std::vector<bool> UsedDomains(const DomainTree& tree) const;
  void CloseForSpread(int32_t part, size_t level, CapacityRules& rules) const;
  void CloseForExclusive(int32_t part, size_t level, CapacityRules& rules) const;

  const Board& board_;
  const Parts& parts_;
  const std::vector<Fill>& fills_;
  const std::vector<bool> others_here_;
  const DomainTree flat_;
  int32_t left_out_ = -1;
};

}  // namespace muster
