// SPDX-License-Identifier: Apache-2.0
#include "scheduling/model/gang.h"

#include <algorithm>
#include <tuple>
#include <vector>

namespace muster {

bool PlannedBefore(const Gang& a, const Gang& b) {
  return std::forward_as_tuple(-int64_t{a.priority}, a.created, a.id) <
         std::forward_as_tuple(-int64_t{b.priority}, b.created, b.id);
}

GangCount Count(const Gang& gang) {
  GangCount count;
  int64_t succeeded = 0;
  bool late_succeeded = false;
  std::vector<bool> early(gang.members.size(), false);
  for (const size_t m : gang.early) early[m] = true;
  for (size_t m = 0; m < gang.members.size(); ++m) {
    const auto& member = gang.members[m];
    if (member->phase == PodPhase::kSucceeded) {
      ++succeeded;
      late_succeeded |= !early[m];
    } else if (member->pending()) {
      ++count.pending;
      count.ready += member->gated_by_others() ? 0 : 1;
    } else if (member->bound() && !member->finished()) {
      ++count.living;
      count.ran |= member->started && !early[m];
    }
  }
  const int64_t whole = std::max(gang.min_members, gang.size.value_or(0));
  const bool one_attempt =
      gang.group_needs.has_value() || count.living > 0 || succeeded + count.pending <= whole;
  count.ran |= one_attempt && late_succeeded && count.pending > 0;
  count.satisfied = count.living + (one_attempt ? succeeded : 0);
  count.needed = count.ran ? std::min(gang.min_members, count.satisfied + count.ready) : gang.min_members;
  if (gang.group_needs.has_value()) count.needed = *gang.group_needs;
  return count;
}

namespace {

// The subgroups that reach their minimum by the members for which `placed` holds.
std::vector<bool> WholeSubgroups(const Gang& gang, const std::vector<bool>& placed) {
  const bool ran = !gang.group_needs.has_value() && Count(gang).ran;
  std::vector<bool> whole(gang.subgroups.size());
  std::vector<int64_t> members(gang.subgroups.size());         // placed, at whatever depth
  std::vector<int64_t> children(gang.subgroups.size());        // subgroups directly within
  std::vector<int64_t> whole_children(gang.subgroups.size());  // of these
  for (size_t s = gang.subgroups.size(); s-- > 0;) {
    const Subgroup& subgroup = gang.subgroups[s];
    for (const size_t m : subgroup.members) members[s] += placed[m] ? 1 : 0;
    const int64_t needed = subgroup.min_subgroups > 0 ? subgroup.min_subgroups : children[s];
    whole[s] = ran || subgroup.ran || (members[s] >= subgroup.min_members && whole_children[s] >= needed);
    if (subgroup.parent < 0) continue;
    const auto parent = static_cast<size_t>(subgroup.parent);
    members[parent] += members[s];
    ++children[parent];
    whole_children[parent] += whole[s] ? 1 : 0;
  }
  return whole;
}

}  // namespace

bool SubgroupsAreWhole(const Gang& gang, const std::vector<bool>& placed) {
  const std::vector<bool> whole = WholeSubgroups(gang, placed);
  for (size_t s = 0; s < whole.size(); ++s) {
    if (gang.subgroups[s].parent < 0 && !whole[s]) return false;
  }
  return true;
}

std::vector<bool> InWholeSubgroups(const Gang& gang, const std::vector<bool>& placed) {
  std::vector<bool> whole = WholeSubgroups(gang, placed);
  std::vector<bool> members(gang.members.size(), true);
  for (size_t s = 0; s < whole.size(); ++s) {
    const Subgroup& subgroup = gang.subgroups[s];
    const auto parent = static_cast<size_t>(subgroup.parent);
    if (subgroup.parent >= 0) whole[s] = whole[s] && whole[parent];
    for (const size_t m : subgroup.members) members[m] = whole[s];
  }
  return members;
}

}  // namespace muster
