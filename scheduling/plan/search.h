// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "scheduling/plan/placer.h"

namespace muster {

// Tries every assignment of a gang's required members to nodes, depth first,
// one member at a time, for gangs that were too intertwined to be placed part
// by part. No assignment is tried twice: equal members go to nodes in order, and
// where it matters in which order members come (who follows others, or has to
// keep a skew), what was reached before by another order is known.
//
// Threads: thread-compatible. Recursion is as deep as there are members.
class Search {
 public:
  // Within the scope, and the placer's effort.
  Search(Placer& placer, const Scope& scope);

  // Whether an assignment was found: then it is on the placer's board.
  // Otherwise there is none, or the effort is spent, and nothing changed.
  bool Run();
  // Whether Run failed because there is no assignment at all.
  bool Exhausted() const;

 private:
  // The members of order_ from `next` on.
  bool Place(size_t next);
  // Those that have no node yet, `left` of them, in every order.
  bool PlaceInAnyOrder(size_t left);
  // Calls `next` with the member on each node where it may be, from `first` on.
  bool TryNodes(size_t member, int32_t first, const std::function<bool()>& next);
  // What equal members have in common, and who is on which node.
  std::vector<std::pair<size_t, int32_t>> Reached() const;
  bool MayBeOn(size_t member, int32_t node) const;
  bool KeepsRequired(int32_t part, int32_t node) const;
  bool KeepsSlices(size_t member, int32_t node) const;
  // Members that are alike go to nodes in order.
  bool AreAlike(size_t a, size_t b) const;
  int32_t NodeOf(size_t member) const;

  Placer& placer_;
  const Scope scope_;
  std::vector<size_t> order_;               // the members to place
  std::vector<int32_t> chosen_;             // by index into Parts::members
  std::vector<std::vector<size_t>> lines_;  // by part: its slices, see SliceLine
  std::vector<size_t> position_;            // by member: where in its part's line
  std::vector<size_t> kind_;                // by index into order_: equal members have one
  absl::flat_hash_set<std::vector<std::pair<size_t, int32_t>>> failed_;
};

}  // namespace muster
