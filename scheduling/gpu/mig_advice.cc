// SPDX-License-Identifier: Apache-2.0
#include "scheduling/gpu/mig_advice.h"

#include <algorithm>
#include <tuple>

#include "scheduling/gpu/mig_products.h"

namespace muster {

std::optional<MigRoom> FindMigRoom(const GpuInventory& gpus, const Resources& free,
                                   absl::string_view profile) {
  const MigGeometry* geometry = FindMigGeometry(gpus.mig_geometry);
  if (geometry == nullptr || gpus.gpus == 0 || !gpus.out_of_use.empty()) return std::nullopt;
  const int wanted = geometry->FindProfile(profile);
  if (wanted < 0) return std::nullopt;
  MigRoom room{.each = geometry->profiles()[wanted].most};
  int64_t uncut = 0;
  int64_t in_use = 0;
  for (const GpuPool& pool : gpus.pools) {
    const int64_t left = std::clamp<int64_t>(free.Get(pool.resource), 0, pool.units);
    if (pool.kind == GpuPool::Kind::kWhole) {
      uncut += pool.units / pool.sharers;
      if (!pool.shared()) room.whole += left;
    } else if (pool.kind == GpuPool::Kind::kMig) {
      in_use += pool.units - left;
    }
  }
  room.idle = std::max<int64_t>(gpus.gpus - uncut - in_use, 0);
  if (room.whole == 0 && room.idle == 0) return std::nullopt;
  return room;
}

std::optional<MigOpening> CheapestOpening(const MigGeometry& geometry,
                                          absl::Span<const PlacedInstance> instances, int profile) {
  std::optional<MigOpening> best;
  int best_slices = 0;
  for (const MigPlacement& start : geometry.PlacementsOf(profile)) {
    MigOpening opening{.start = start, .victims = {}};
    int slices = 0;
    bool blocked = false;
    for (size_t i = 0; i < instances.size(); ++i) {
      if ((instances[i].at.mask & start.mask) == 0) continue;
      blocked |= !instances[i].preemptible;
      opening.victims.push_back(i);
      slices += geometry.profiles()[instances[i].at.profile].size;
    }
    if (blocked) continue;
    if (best.has_value() &&
        std::tuple(best->victims.size(), best_slices) <= std::tuple(opening.victims.size(), slices))
      continue;
    best = std::move(opening);
    best_slices = slices;
  }
  return best;
}

}  // namespace muster
