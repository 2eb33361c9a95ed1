// SPDX-License-Identifier: Apache-2.0
// Which parts have, or can have, their minimum.
#include <algorithm>
#include <cstdint>
#include <vector>

#include "scheduling/plan/parts.h"

namespace muster {

bool Parts::IsOptional(int32_t part) const {
  const int32_t parent = all[static_cast<size_t>(part)].parent;
  if (parent < 0) return false;
  const Part& above = all[static_cast<size_t>(parent)];
  return above.min_children > 0 && above.min_children < static_cast<int64_t>(above.children.size());
}

int64_t Parts::Satisfied(const Part& part) const {
  return part.succeeded + std::count_if(part.all.begin(), part.all.end(),
                                        [&](size_t m) { return members[m].node != kNoNode; });
}

bool Parts::IsWhole(int32_t p) const {
  const Part& part = all[static_cast<size_t>(p)];
  if (part.ran) return true;
  const auto whole = std::count_if(part.children.begin(), part.children.end(),
                                   [&](int32_t child) { return IsWhole(child); });
  const auto children = static_cast<int64_t>(part.children.size());
  return Satisfied(part) >= part.min_members &&
         whole >= (part.min_children > 0 ? part.min_children : children);
}

void Parts::LeaveOutWhatCannotBeWhole() {
  std::vector<int64_t> exist(all.size());
  std::vector<int64_t> placed(all.size());
  std::vector<int64_t> whole_children(all.size());
  for (const Member& member : members) {
    ++exist[static_cast<size_t>(member.part)];
    placed[static_cast<size_t>(member.part)] += member.node != kNoNode ? 1 : 0;
  }
  for (size_t p = all.size(); p-- > 0;) {
    Part& part = all[p];
    const auto children = static_cast<int64_t>(part.children.size());
    part.can_be_whole =
        part.ran || (part.succeeded + exist[p] >= part.min_members &&
                     whole_children[p] >= (part.min_children > 0 ? part.min_children : children));
    if (part.parent < 0) continue;
    const auto parent = static_cast<size_t>(part.parent);
    exist[parent] += exist[p];
    placed[parent] += placed[p];
    whole_children[parent] += part.can_be_whole ? 1 : 0;
  }
  std::vector<bool> left_out(all.size());
  for (size_t p = 1; p < all.size(); ++p) {
    left_out[p] = left_out[static_cast<size_t>(all[p].parent)] ||
                  (IsOptional(static_cast<int32_t>(p)) && !all[p].can_be_whole && placed[p] == 0);
  }
  std::erase_if(members, [&](const Member& member) { return left_out[static_cast<size_t>(member.part)]; });
}

}  // namespace muster
