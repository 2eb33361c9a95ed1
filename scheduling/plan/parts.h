// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "scheduling/model/gang.h"
#include "scheduling/model/pod.h"
#include "scheduling/plan/board.h"
#include "scheduling/plan/demand.h"
#include "scheduling/plan/planner.h"

namespace muster {

inline constexpr int32_t kNoNode = -1;       // not seated yet
inline constexpr int32_t kUnknownNode = -2;  // on a node that the view lacks

// A member that has a place, or may get one.
struct Member {
  const Pod* pod = nullptr;
  int32_t part = 0;  // the one that it is directly in
  size_t cls = 0;
  int32_t node = kNoNode;  // where it is bound, has a kept seat, or is seated by this plan
  bool bound = false;
  bool kept = false;
  bool required = false;  // the minimum of its gang or of a part of it needs it
};

// The gang itself, or one of its subgroups, as the planner sees it.
struct Part {
  std::string name;  // of the subgroup; empty for the gang itself
  int32_t parent = -1;
  Demand demand;
  int64_t min_members = 0;
  int64_t succeeded = 0;          // members that did their work, at whatever depth
  int64_t min_children = 0;       // how many children must reach their minimum; 0: all
  bool ran = false;               // it was whole once: what exists of it suffices
  bool can_be_whole = true;       // the members that exist and may be planned make its minimum
  std::vector<int32_t> children;  // in the order of the gang's subgroups
  std::vector<size_t> members;    // directly in it: indices into Parts::members, in member order
  std::vector<size_t> all;        // and those of its children at whatever depth
};

// A gang taken apart for planning.
//
// Invariant: all[0] is the gang itself, and a part comes after its parent.
struct Parts {
  std::vector<Part> all = {};
  std::vector<Member> members = {};
  std::vector<const Pod*> class_samples = {};  // by class, the most demanding first
  int64_t gated = 0;                           // pending members of which somebody holds a gate

  // Whether the parent needs only some of its children, so that this one may stay empty.
  bool IsOptional(int32_t part) const;
  // Members of the part that have a place or did their work.
  int64_t Satisfied(const Part& part) const;
  // Whether these make the minimum of the part, and of those within it that must have theirs.
  bool IsWhole(int32_t part) const;
  // Sets can_be_whole, and drops the members of those parts that may stay empty,
  // can't be whole, and have nobody placed. Called before members are divided.
  void LeaveOutWhatCannotBeWhole();
};

// Takes the gang of `input` apart: finds the levels that it asks for, marks
// the members that its minimums require, and makes a class of each shape on
// `board`. A part that may stay empty and can't be whole yet has no members.
// Parts outlives none of the arguments.
//   the errors of FindDemand, with the subgroup's name
absl::StatusOr<Parts> MakeParts(const PlanInput& input, const Topologies& topologies, Board& board);

// Which members a minimum takes first, where there are more than it needs.
enum class Preference { kFirst, kLeastDemanding };

// Marks the members that the minimums of the gang and its subgroups require, as
// MakeParts does with kFirst, in place of those that are marked.
void MarkRequired(const Gang& gang, Preference preference, Parts& parts);
// Whether it may matter which members are marked.
bool HasChoice(const Parts& parts);

// The board on which nothing runs, with the classes of `parts`; `board` has them already.
Board EmptyBoard(const PlanInput& input, const Parts& parts, const Board& board);

}  // namespace muster
