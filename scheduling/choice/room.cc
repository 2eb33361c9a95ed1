// SPDX-License-Identifier: Apache-2.0
#include "scheduling/choice/room.h"

#include <algorithm>

namespace muster {
namespace {

int64_t CountOf(const Room& room, size_t device) {
  return device < room.counts.size() ? room.counts[device] : 0;
}

int32_t WholeGpus(const Room& room) {
  return static_cast<int32_t>(room.gpus.end() -
                              std::lower_bound(room.gpus.begin(), room.gpus.end(), kWholeGpu));
}

bool Shares(const Ask& ask) { return ask.gpus > 0 && ask.milli < kWholeGpu; }

}  // namespace

bool HasRoom(const Room& room, const Ask& ask) {
  if (room.mig.exists() != !ask.profile.empty()) return false;
  if (room.mig.exists()) return !WithOneMore(room.mig, ask.profile).empty();
  if (ask.cpu_millis > 0 && room.cpu_millis < ask.cpu_millis) return false;
  if (ask.memory_bytes > 0 && room.memory_bytes < ask.memory_bytes) return false;
  for (size_t d = 0; d < ask.counts.size(); ++d) {
    if (ask.counts[d] > 0 && CountOf(room, d) < ask.counts[d]) return false;
  }
  if (ask.gpus <= 0) return true;
  if (Shares(ask)) return !room.gpus.empty() && room.gpus.back() >= ask.milli;
  return WholeGpus(room) >= ask.gpus;
}

double Usable(const Room& room, const Ask& ask) {
  if (room.mig.exists()) return ask.profile.empty() ? 0 : StartsToExpect(room.mig, ask.profile);
  if (!HasRoom(room, ask)) return 0;
  double usable = 1e9;
  const auto limit = [&](double free, double asked) { usable = std::min(usable, free / asked); };
  if (Shares(ask)) {
    int64_t free = 0;
    for (const int32_t gpu : room.gpus) free += gpu >= ask.milli ? gpu : 0;
    limit(static_cast<double>(free), std::max(ask.milli, 1));
  } else if (ask.gpus > 0) {
    limit(WholeGpus(room), ask.gpus);
  }
  if (ask.cpu_millis > 0) limit(static_cast<double>(room.cpu_millis), static_cast<double>(ask.cpu_millis));
  if (ask.memory_bytes > 0) {
    limit(static_cast<double>(room.memory_bytes), static_cast<double>(ask.memory_bytes));
  }
  for (size_t d = 0; d < ask.counts.size(); ++d) {
    if (ask.counts[d] > 0) limit(static_cast<double>(CountOf(room, d)), static_cast<double>(ask.counts[d]));
  }
  return usable;
}

std::vector<Room> RoomsAfter(const Room& room, const Ask& ask) {
  if (!HasRoom(room, ask)) return {};
  Room rest = room;
  std::vector<Room> rooms;
  if (room.mig.exists()) {
    for (const MigGpu& gpu : WithOneMore(room.mig, ask.profile)) {
      rest.mig = gpu;
      rooms.push_back(rest);
    }
    return rooms;
  }
  rest.cpu_millis -= ask.cpu_millis;
  rest.memory_bytes -= ask.memory_bytes;
  for (size_t d = 0; d < ask.counts.size() && d < rest.counts.size(); ++d) rest.counts[d] -= ask.counts[d];
  if (!Shares(ask)) {
    // Whole GPUs are the last ones; what nothing is left of is first.
    for (int32_t i = 0; i < ask.gpus; ++i) rest.gpus[rest.gpus.size() - 1 - static_cast<size_t>(i)] = 0;
    std::sort(rest.gpus.begin(), rest.gpus.end());
    return {std::move(rest)};
  }
  for (size_t g = 0; g < room.gpus.size(); ++g) {
    if (room.gpus[g] < ask.milli || (g > 0 && room.gpus[g] == room.gpus[g - 1])) continue;
    rooms.push_back(rest);
    rooms.back().gpus[g] -= ask.milli;
    std::sort(rooms.back().gpus.begin(), rooms.back().gpus.end());
  }
  return rooms;
}

}  // namespace muster
