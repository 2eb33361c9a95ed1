// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/inlined_vector.h"
#include "absl/types/span.h"
#include "scheduling/choice/room.h"

namespace muster {

using RoomId = int32_t;
inline constexpr RoomId kNoRoom = -1;

// Every room that came up, each once, and where asks lead from it. Nodes come
// back to the same few thousand rooms again and again, so that what is known of
// a room is worth keeping.
//
// Threads: thread-compatible.
class Rooms {
 public:
  RoomId Find(const Room& room);
  const Room& operator[](RoomId id) const { return rooms_[static_cast<size_t>(id)]; }
  size_t size() const { return rooms_.size(); }

  // RoomsAfter, kept under `number`: the same number always comes with an equal
  // ask, until ForgetAsks. Valid until the next call that is not const.
  absl::Span<const RoomId> After(RoomId room, const Ask& ask, size_t number);
  void ForgetAsks() { after_.clear(); }

 private:
  std::deque<Room> rooms_;
  absl::flat_hash_map<Room, RoomId> ids_;
  absl::flat_hash_map<uint64_t, absl::InlinedVector<RoomId, 2>> after_;
};

}  // namespace muster
