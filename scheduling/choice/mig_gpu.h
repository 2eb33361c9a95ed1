// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "scheduling/gpu/mig_geometry.h"

namespace muster {

// One GPU that is cut into MIG instances as these are asked for.
struct MigGpu {
  int32_t geometry = -1;   // by number in MigGeometries(); -1: there is no such GPU
  uint32_t instances = 0;  // a bit for each placement of the geometry that has an instance

  bool exists() const { return geometry >= 0; }
  friend bool operator==(const MigGpu&, const MigGpu&) = default;
  template <typename H>
  friend H AbslHashValue(H h, const MigGpu& g) {
    return H::combine(std::move(h), g.geometry, g.instances);
  }
};

// What its instances take. REQUIRES: the GPU exists, as in all below.
MigMask TakenOf(const MigGpu& gpu);

// Its states once an instance of `profile`, whose name may be written in any
// way, is there too: one for each start that is free, the lowest first.
std::vector<MigGpu> WithOneMore(const MigGpu& gpu, absl::string_view profile);

// How many instances of `profile` can be expected to find a start: one that is
// free counts whole, one that k instances are in the way of counts kEnded^k. So a
// GPU from which little has to go is worth more than one with as much free from
// which much has to: small instances gather where others of their kind are.
double StartsToExpect(const MigGpu& gpu, absl::string_view profile);

// How likely an instance is gone by the time the next one that is in its way
// comes. Anything from 0.05 to 0.2 does about as well.
inline constexpr double kEnded = 0.15;

}  // namespace muster
