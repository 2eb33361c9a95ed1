// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "scheduling/model/ids.h"
#include "scheduling/model/pod.h"

namespace muster {

// The most members that a gang may declare.
inline constexpr int64_t kMaxMembers = 100'000;
// The most parts that it may have.
inline constexpr size_t kMaxSubgroups = 1'000;

// What an object beside the pods (a PodGroup) says about a gang.
struct GangDeclaration {
  GangId gang;  // or the set of gangs that the object is of
  std::string declared_by;
  bool all_or_none = true;  // false: a policy that asks for no gang at all
  int64_t min_members = 1;
  std::optional<int64_t> size;
  std::optional<absl::Duration> deadline;
  std::optional<int32_t> priority;
  absl::Time created = absl::InfinitePast();
  TopologyDemand topology;              // of the whole gang
  std::vector<SubgroupSpec> subgroups;  // parents before their parts
  GroupLink group;                      // that the gang is a part of
  // Set where the object is of a group of gangs: how many of those directly
  // within must reach their minimum.
  std::optional<int64_t> min_groups;
  std::vector<std::string> ignored;  // fields that were not used, with the reason
  std::string problem;               // as in Membership

  // Whether the object is of a group that asks nothing of its parts.
  bool dissolved() const { return min_groups.has_value() && !all_or_none && topology.empty(); }

  friend bool operator==(const GangDeclaration&, const GangDeclaration&) = default;
};

// A part of a gang, with its members.
struct Subgroup {
  std::string name;
  int32_t parent = -1;          // index into Gang::subgroups; -1: the gang itself
  int64_t min_members = 0;      // of its members at whatever depth
  int64_t min_subgroups = 0;    // how many of the subgroups directly within must reach their minimum
  std::optional<int64_t> size;  // members that it will have, where that is declared
  int32_t stage = 0;
  // Of a gang of a group that was whole once: those of its members that exist suffice.
  bool ran = false;
  TopologyDemand topology;
  std::vector<size_t> members;  // directly in it: indices into Gang::members

  friend bool operator==(const Subgroup&, const Subgroup&) = default;
};

// Members of a gang that its declaration has created once others run, as far as
// its minimum needs them.
struct Later {
  int32_t after = 0;  // the last stage that counts already
  int64_t count = 0;
  std::vector<std::string> parts = {};  // what these are called, such as "worker"
  bool known = false;                   // what all of them will be like
  bool after_end = false;               // once others have ended: they take the room of these

  // Whether room for them can be looked for together with that for the others.
  bool plannable() const { return count > 0 && known && !after_end; }
};

// A gang with its members, assembled from a cluster view.
//
// Invariant: members are in order: role, then block, then rank (those without one
//            last), then name. Finished members are among them, deleted ones are not.
//            Subgroups come after the one that they are a part of; a member is
//            directly in one of them at most.
struct Gang {
  GangId id;
  std::string declared_by;
  int64_t min_members = 1;
  std::optional<int64_t> size;  // as declared; more members than that are surplus
  std::optional<absl::Duration> deadline;
  RepairPolicy repair;
  int32_t priority = 0;  // the highest of the members', unless declared
  absl::Time created = absl::InfiniteFuture();
  std::vector<std::shared_ptr<const Pod>> members;
  TopologyDemand topology;
  std::vector<Subgroup> subgroups;
  std::vector<size_t> early;         // members that are created, and run, before the others are created
  Later later;                       // members that are created once those that exist run
  std::vector<std::string> ignored;  // other declarations on its pods that were not used
  bool all_or_none = true;           // false: its declaration asks for no gang, each pod is on its own
  // Of a group of gangs, each of which may have run by itself: GangCount::needed
  // of these together. Its subgroups are the gangs.
  std::optional<int64_t> group_needs;
  std::string waiting_for;  // an object that must exist first, as a clause; empty if there is none
  std::string problem;      // why it can't be planned, whatever the capacity; empty if it can
};

// How far the members of a gang are, and how many must be placed together.
struct GangCount {
  int64_t living = 0;     // bound and not finished
  int64_t satisfied = 0;  // those that the minimum can rely on: living ones, and succeeded ones
  int64_t pending = 0;
  int64_t ready = 0;   // of the pending ones, without gates of others
  int64_t needed = 0;  // `satisfied` at which nothing of the minimum is missing
  bool ran = false;    // a living member has started, so the gang was whole once
};

// Counts the members of `gang`.
//
// A failed member satisfies nothing. One that succeeded does as long as it is
// of the same attempt: others live, or all that there are make one gang. A
// gang of which a living member (not an early one) has
// started was whole once, so members that finished and were cleaned up are not
// missing: those that exist suffice, and lost ones are replaced one by one.
GangCount Count(const Gang& gang);

// Whether the members for which `placed` holds, by index, reach the minimum of
// every subgroup that has to reach its own; and of a gang that ran, always.
// REQUIRES: placed.size() is that of the members.
bool SubgroupsAreWhole(const Gang& gang, const std::vector<bool>& placed);

// The members, by index, of which every subgroup around them reaches its
// minimum by those for which `placed` holds: one that may stay empty, and is
// not whole, does not start in part.
std::vector<bool> InWholeSubgroups(const Gang& gang, const std::vector<bool>& placed);

// The order in which gangs are planned: priority, then creation, then name.
bool PlannedBefore(const Gang& a, const Gang& b);

}  // namespace muster
