// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "scheduling/dra/points.h"
#include "scheduling/model/device_claim.h"

namespace muster {

// A free device, and for which kinds of wishes it will do: a bit each.
struct FreeDevice {
  const NodeDevice* device = nullptr;
  uint32_t kinds = 0;
};

// What a node's free devices can serve at once.
struct Supply {
  Points most = {};   // nothing that is served is more than one of these
  bool exact = true;  // false: `most` is at least what can be served
};

// Computes supplies, and remembers them: nodes whose devices are alike have one.
//
// Why:     devices that share counters exclude each other (a GPU and what it can
//          be cut into, two placements of MIG instances that overlap), so
//          numbers of devices say little. Devices that have nothing to do with
//          each other are looked at apart, and what they can serve is added up.
// Threads: thread-compatible.
class Supplies {
 public:
  // Of devices that all kinds of `kinds` look at; `counters` is what is left of
  // the sets that they consume. `kinds` is at most 32.
  const Supply& Of(const std::vector<FreeDevice>& devices, const NodeDevices& node, bool whole, size_t kinds);

 private:
  const Supply& OfIsland(const std::vector<FreeDevice>& island, const NodeDevices& node, bool whole,
                         size_t kinds, std::string& signature);

  absl::flat_hash_map<std::string, Supply> nodes_;
  absl::flat_hash_map<std::string, Supply> islands_;
};

}  // namespace muster
