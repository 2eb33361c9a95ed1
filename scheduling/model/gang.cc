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
  bool was_whole = false;
  std::vector<bool> early(gang.members.size(), false);
  for (const size_t m : gang.early) early[m] = true;
  for (size_t m = 0; m < gang.members.size(); ++m) {
    const auto& member = gang.members[m];
    if (member->phase == PodPhase::kSucceeded) {
      ++succeeded;
    } else if (member->pending()) {
      ++count.pending;
      count.ready += member->gates.empty() ? 1 : 0;
    } else if (member->bound() && !member->finished()) {
      ++count.living;
      was_whole |= member->started && !early[m];
    }
  }
  const int64_t whole = std::max(gang.min_members, gang.size.value_or(0));
  const bool one_attempt = count.living > 0 || succeeded + count.pending <= whole;
  count.satisfied = count.living + (one_attempt ? succeeded : 0);
  count.needed = was_whole ? std::min(gang.min_members, count.satisfied + count.ready) : gang.min_members;
  return count;
}

}  // namespace muster
