// SPDX-License-Identifier: Apache-2.0
#include "scheduling/model/gpu_inventory.h"

#include <algorithm>

namespace muster {

absl::string_view Word(GpuProblem::Kind kind) {
  switch (kind) {
    case GpuProblem::Kind::kOutOfUse:
      return "out_of_use";
    case GpuProblem::Kind::kUnreadable:
      return "unreadable";
    case GpuProblem::Kind::kFewerUnits:
      return "fewer_units";
    case GpuProblem::Kind::kMoreUnits:
      return "more_units";
    case GpuProblem::Kind::kUnknownProduct:
      return "unknown_product";
    case GpuProblem::Kind::kUnknownProfile:
      return "unknown_profile";
    case GpuProblem::Kind::kImpossible:
      return "impossible";
    case GpuProblem::Kind::kPlacements:
      return "placements";
  }
  return "";
}

const GpuPool* GpuInventory::Find(absl::string_view resource) const {
  const auto at =
      std::lower_bound(pools.begin(), pools.end(), resource,
                       [](const GpuPool& pool, absl::string_view name) { return pool.resource < name; });
  return at != pools.end() && at->resource == resource ? &*at : nullptr;
}

}  // namespace muster
