// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "scheduling/plan/attempt.h"
#include "scheduling/plan/board.h"
#include "scheduling/plan/capacity.h"
#include "scheduling/plan/constraints.h"
#include "scheduling/plan/domain_order.h"
#include "scheduling/plan/effort.h"
#include "scheduling/plan/fills.h"
#include "scheduling/plan/parts.h"
#include "scheduling/plan/scope.h"

namespace muster {

// Finds places for the members of a gang on a board.
//
// A part of the gang goes to one domain of the level that it asks for: of
// those that hold it the one where it is on the fewest domains further in,
// then the one with the least left over. The parts within it follow there, the
// most demanding first. Where that fails, what found no place goes first; then
// the next domain is tried, until the effort for second attempts is spent.
//
// Invariant: the board holds what was placed; members get their nodes when
//            their whole step succeeded.
// Threads:   thread-compatible.
class Placer {
 public:
  // All outlive the placer. For `others_here` see Constraints. Without `effort`
  // it has its own.
  Placer(Board& board, Parts& parts, std::vector<bool> others_here, Effort* effort = nullptr);
  Placer(const Placer&) = delete;

  // Places the members that are required. False, and nothing changed, if no
  // place was found for all. On at most kExactNodes nodes every assignment is
  // tried before that, as far as the effort goes.
  bool PlaceRequired();

  // Places as many as fit of the members that are not required. A part without
  // its minimum gets that whole, or nothing.
  void PlaceSurplus();

  // How far the best attempt of PlaceRequired came.
  const Attempt& furthest() const { return furthest_; }
  // Whether PlaceRequired failed after it tried every assignment there is.
  bool exhausted() const { return exhausted_; }

  // Seats as many of a part's required members as find places side by side within
  // the scope, those of each part within it where that wants them: at most what would
  // fit. What the part itself requires is not looked at. Changes nothing.
  Attempt SeatMost(int32_t part, const Scope& scope);
  // Puts them on the board, until TakeBack. REQUIRES: nothing was placed.
  void Resume(const Attempt& attempt);
  void TakeBack() { UndoTo({0, 0}); }
  const Constraints& constraints() const { return constraints_; }
  // Whether parts within this one ask for something of their own.
  bool AskWithin(int32_t part) const;

  // Whether the gang's required members could be placed in one domain of a
  // level of `tree`. Changes nothing.
  bool FitsInOne(const DomainTree& tree, size_t level);
  // Whether they could within the scope, whatever else the gang as a whole asks
  // for. On few nodes every assignment is tried. Changes nothing.
  bool FitsWithin(const Scope& scope);

 private:
  struct Mark {
    size_t taken;
    size_t fills;
  };
  struct Step;

  // All of these place everything or leave their traces to be undone by the caller.
  bool PlacePart(int32_t part, const Scope& scope);
  bool PlaceInOneOf(int32_t part, const DomainTree& tree, size_t level, const Scope& scope);
  std::vector<DomainId> DomainsToTry(int32_t part, const DomainTree& tree, size_t level,
                                     const Scope& scope) const;
  bool PlaceWithin(int32_t part, const Scope& scope);
  // nullopt if all found their places; otherwise the step that did not, or the
  // number of steps if all did but too few children reached their minimum.
  std::optional<size_t> PlaceInOrder(int32_t part, const std::vector<Step>& steps, const Scope& scope);
  void PreferRoomToGrow(int32_t part, const CapacityRules& rules, const Scope& scope,
                        std::vector<DomainId>& domains) const;
  std::vector<Step> StepsOf(int32_t part, const Scope& scope) const;
  // The fills of a step of which nothing else has to be kept to; none of another.
  std::vector<Fill> FillsOf(const Step& step, const Scope& scope) const;
  // The same steps, but with members that keep skews among them member by member
  // in turn, as they let each other in. False also if there are none.
  bool PlaceTogether(int32_t part, const std::vector<Step>& steps, const Scope& scope);
  bool PlaceInTurn(std::vector<Fill> fills);
  bool PlaceFill(Fill fill);
  int64_t TakeUpToAll(Fill fill);
  bool PlaceSlice(const Fill& fill);
  // How many members of whole slices found places.
  int64_t PlaceSliceBySlice(const Fill& fill);
  bool PlaceSliceIn(const Fill& fill, DomainId domain);
  // Those that may take a slice of so many members, the best first.
  std::vector<DomainId> DomainsForSlice(const Fill& fill, int64_t members) const;

  friend class Search;
  bool NeedsSearch() const;
  bool RunSearch(const Scope& scope);

  // All of these give the number of members that were placed, and note the first
  // that was not.
  int64_t TakeMost(int32_t part, const Scope& scope, Attempt& attempt);
  int64_t TakeMostByClass(int32_t part, const Scope& scope, Attempt& attempt);
  int64_t TakeMostOfChildren(std::vector<Step> steps, int64_t most, const Scope& scope, Attempt& attempt);
  int64_t TakeMostOfChild(int32_t child, const Scope& scope, Attempt& attempt);
  int64_t TakeMostOfFill(const Fill& fill, Attempt& attempt);
  const std::vector<ClassNeed>& NeedsToCount(int32_t part);

  void PlaceSurplusOf(int32_t part);
  bool ReachMinimum(int32_t part, const Scope& scope);
  // Places as many as fit within the scope, in whole slices where there are slices.
  void PlaceSome(int32_t part, const Scope& scope);

  // How many members of which classes.
  std::vector<ClassNeed> NeedsOf(const std::vector<size_t>& members) const;
  std::vector<size_t> Waiting(const std::vector<size_t>& members, bool required) const;
  // Where the members around the part keep it.
  Scope ScopeAround(int32_t part) const;
  const Part& part(int32_t p) const { return parts_.all[static_cast<size_t>(p)]; }

  void NoteFailure(int32_t part, size_t cls);
  Mark Here() const { return {board_.taken().size(), fills_.size()}; }
  void UndoTo(const Mark& mark);
  // Gives the members of all fills since the last call their nodes, in order.
  void Settle();
  // Those whose members are dealt out together: of one part, without slices.
  bool BelongTogether(const Fill& a, const Fill& b) const;

  Board& board_;
  Parts& parts_;
  std::vector<Fill> fills_;  // Portion::fill is an index into it
  Constraints constraints_;
  Attempt furthest_;
  std::optional<int32_t> counted_;  // the part that is being counted: what fails is not noted
  std::map<int32_t, std::vector<ClassNeed>> needs_;        // of parts that were counted
  std::map<int32_t, CapacityRules> rules_of_empty_board_;  // likewise
  bool exhausted_ = false;
  Effort own_effort_;
  Effort& effort_;
};

}  // namespace muster
