// SPDX-License-Identifier: Apache-2.0
#include "scheduling/plan/gang_worth.h"

#include <algorithm>
#include <cmath>

namespace muster {

std::vector<int64_t> GangWorth::LossesOf(int32_t node, const Resources& free, const PodShape& shape,
                                         int64_t first, int64_t last) const {
  constexpr double kMillionths = 1e6;
  const auto n = static_cast<size_t>(node);
  std::vector<int64_t> losses(static_cast<size_t>(last - first) + 1);
  if (n >= kinds_.size() || kinds_[n] < 0) return losses;
  const Room before = RoomOf(free);
  std::vector<int64_t> asked(before.counts.size());
  bool asks_for_devices = false;
  for (const auto& [name, amount] : shape.requests.scalars) {
    const auto device = devices_.find(name);
    if (amount <= 0 || device == devices_.end()) continue;
    asks_for_devices = true;
    asked[device->second] = amount;
  }
  if (!asks_for_devices) return losses;
  const std::vector<bool>& admitted = admitted_[static_cast<size_t>(kinds_[n])];
  const double value = valuation_.Value(before, admitted);
  Room after = before;
  for (int64_t members = first; members <= last; ++members) {
    const auto left = [members](int64_t amount, int64_t each) {
      return std::max<int64_t>(amount - std::max<int64_t>(each, 0) * members, 0);
    };
    for (size_t d = 0; d < asked.size(); ++d) after.counts[d] = left(before.counts[d], asked[d]);
    after.cpu_millis = left(before.cpu_millis, shape.requests.cpu_millis);
    after.memory_bytes = left(before.memory_bytes, shape.requests.memory_bytes);
    losses[static_cast<size_t>(members - first)] =
        std::llround((value - valuation_.Value(after, admitted)) * kMillionths);
  }
  return losses;
}

Room GangWorth::RoomOf(const Resources& free) const {
  Room room;
  room.cpu_millis = std::max<int64_t>(free.cpu_millis, 0);
  room.memory_bytes = std::max<int64_t>(free.memory_bytes, 0);
  room.counts.resize(devices_.size());
  for (const auto& [name, amount] : free.scalars) {
    const auto device = devices_.find(name);
    if (device != devices_.end()) room.counts[device->second] = std::max<int64_t>(amount, 0);
  }
  return room;
}

}  // namespace muster
