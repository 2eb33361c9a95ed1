// SPDX-License-Identifier: Apache-2.0
#include "scheduling/gpu/mig_advice.h"

#include <algorithm>

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

}  // namespace muster
