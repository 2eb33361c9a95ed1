// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>

namespace muster::simulate {

// Calls `run` once for each number below `count`, on as many threads as there are
// cores, and `progress` after each, one at a time.
void RunAll(size_t count, const std::function<void(size_t)>& run,
            const std::function<void(int done, int all)>& progress);

}  // namespace muster::simulate
