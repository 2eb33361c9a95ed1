// SPDX-License-Identifier: Apache-2.0
#include "scheduling/choice/rooms.h"

#include <utility>

namespace muster {

RoomId Rooms::Find(const Room& room) {
  const auto [known, is_new] = ids_.try_emplace(room, static_cast<RoomId>(rooms_.size()));
  if (is_new) rooms_.push_back(room);
  return known->second;
}

absl::Span<const RoomId> Rooms::After(RoomId room, const Ask& ask, size_t number) {
  const uint64_t key = (static_cast<uint64_t>(number) << 32) | static_cast<uint32_t>(room);
  const auto [known, is_new] = after_.try_emplace(key);
  if (is_new) {
    for (const Room& rest : RoomsAfter((*this)[room], ask)) known->second.push_back(Find(rest));
  }
  return known->second;
}

}  // namespace muster
