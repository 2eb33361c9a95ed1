// SPDX-License-Identifier: Apache-2.0
#include "scheduling/choice/mig_gpu.h"

#include <algorithm>

#include "scheduling/gpu/mig_products.h"

namespace muster {
namespace {

const MigGeometry& GeometryOf(const MigGpu& gpu) {
  return MigGeometries()[static_cast<size_t>(gpu.geometry)];
}

bool Has(const MigGpu& gpu, size_t placement) { return (gpu.instances >> placement & 1) != 0; }

}  // namespace

MigMask TakenOf(const MigGpu& gpu) {
  const absl::Span<const MigPlacement> placements = GeometryOf(gpu).placements();
  MigMask taken = 0;
  for (size_t p = 0; p < placements.size(); ++p) taken |= Has(gpu, p) ? placements[p].mask : 0;
  return taken;
}

std::vector<MigGpu> WithOneMore(const MigGpu& gpu, absl::string_view profile) {
  const MigGeometry& geometry = GeometryOf(gpu);
  const int wanted = geometry.FindProfile(profile);
  const MigMask taken = TakenOf(gpu);
  std::vector<MigGpu> states;
  for (size_t p = 0; p < geometry.placements().size(); ++p) {
    const MigPlacement& at = geometry.placements()[p];
    if (at.profile != wanted || (at.mask & taken) != 0) continue;
    states.push_back({gpu.geometry, gpu.instances | uint32_t{1} << p});
  }
  return states;
}

double StartsToExpect(const MigGpu& gpu, absl::string_view profile) {
  const MigGeometry& geometry = GeometryOf(gpu);
  const int wanted = geometry.FindProfile(profile);
  if (wanted < 0) return 0;
  double starts = 0;
  for (const MigPlacement& start : geometry.PlacementsOf(wanted)) {
    double chance = 1;
    for (size_t p = 0; p < geometry.placements().size(); ++p) {
      if (Has(gpu, p) && (geometry.placements()[p].mask & start.mask) != 0) chance *= kEnded;
    }
    starts += chance;
  }
  return std::min<double>(starts, geometry.profiles()[static_cast<size_t>(wanted)].most);
}

}  // namespace muster
