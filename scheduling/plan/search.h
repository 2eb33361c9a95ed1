// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "scheduling/plan/placer.h"

namespace muster {

inline constexpr int64_t kExactEffort = 50'000;  // nodes tried

// Tries every assignment of a gang's required members to nodes, depth first,
// one member at a time, for gangs that were too intertwined to be placed part
// by part. Equal members go to nodes in order, so that no assignment is tried
// twice.
//
// Threads: thread-compatible. Recursion is as deep as there are members.
class Search {
 public:
  explicit Search(Placer& placer);

  // Whether an assignment was found: then it is on the placer's board.
  // Otherwise there is none, or the effort is spent, and nothing changed.
  bool Run();
  // Whether Run failed because there is no assignment at all.
  bool Exhausted() const;

 private:
  bool Place(size_t next);
  bool MayBeOn(size_t member, int32_t node) const;
  bool KeepsRequired(int32_t part, int32_t node) const;
  bool KeepsSlices(size_t member, int32_t node) const;
  // Members that are alike go to nodes in order.
  bool IsLikeTheOneBefore(size_t next) const;
  int32_t NodeOf(size_t member) const;

  Placer& placer_;
  std::vector<size_t> order_;               // the members to place
  std::vector<int32_t> chosen_;             // by index into Parts::members
  std::vector<std::vector<size_t>> lines_;  // by part: its slices, see SliceLine
  std::vector<size_t> position_;            // by member: where in its part's line
  int64_t effort_ = kExactEffort;
};

}  // namespace muster
