// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "scheduling/plan/board.h"

namespace muster {

// Members of a gang that had their places side by side, and who found none then.
struct Attempt {
  int64_t members = 0;             // those that had theirs
  int32_t part = 0;                // of the first that found none,
  std::optional<size_t> cls = {};  // and its class; unset: all had theirs
  std::vector<Portion> taken = {};
  std::vector<int32_t> part_of_fill = {};  // by Portion::fill
};

}  // namespace muster
