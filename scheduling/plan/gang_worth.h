// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "scheduling/choice/valuation.h"
#include "scheduling/model/pod.h"
#include "scheduling/model/resources.h"

namespace muster {

// What members of a gang cost the pods to come on each node, by the demand that
// NodeWorth had seen when this was taken out of it.
//
// Units:     millionths of the value of a room that holds one of each kind.
// Invariant: nodes are numbered as on a board of the view that it was taken with.
// Threads:   a value.
class GangWorth {
 public:
  // As they are asked for: what decides on which nodes is no part of it.
  using Devices = absl::flat_hash_map<std::string, size_t>;

  GangWorth(Valuation valuation, Devices devices, std::vector<int32_t> kinds,
            std::vector<std::vector<bool>> admitted)
      : valuation_(std::move(valuation)),
        devices_(std::move(devices)),
        kinds_(std::move(kinds)),
        admitted_(std::move(admitted)) {}

  // How much the value of the node falls where `members` of the shape go there
  // beside what leaves `free`; 0 for shapes without devices and for nodes that are not known.
  // REQUIRES: they fit.
  // Cost:     two looks at each kind of pod.
  int64_t Loss(int32_t node, const Resources& free, const PodShape& shape, int64_t members) const {
    return LossesOf(node, free, shape, members, members).front();
  }
  // The same for each number of members from `first` to `last`.
  std::vector<int64_t> LossesOf(int32_t node, const Resources& free, const PodShape& shape, int64_t first,
                                int64_t last) const;

 private:
  Room RoomOf(const Resources& free) const;

  Valuation valuation_;
  Devices devices_;
  std::vector<int32_t> kinds_;               // of nodes
  std::vector<std::vector<bool>> admitted_;  // by kind, of the valuation's asks
};

}  // namespace muster
