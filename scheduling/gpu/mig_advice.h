// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"
#include "scheduling/model/gpu_inventory.h"
#include "scheduling/model/resources.h"

namespace muster {

// GPUs of one node that could be cut into instances of some profile without
// taking anything from anybody.
struct MigRoom {
  int64_t whole = 0;  // GPUs that are not cut, and free
  int64_t idle = 0;   // GPUs that are cut and surely have no instance in use
  int64_t each = 0;   // instances of the profile that one of them would have
};

// What re-cutting GPUs of the node would give for instances of `profile`, given
// what is free there. Labels do not say which GPU has which instance; with
// fewer instances in use than GPUs cut, some GPU has none of them. Unset where
// nothing is known to be gained.
std::optional<MigRoom> FindMigRoom(const GpuInventory& gpus, const Resources& free,
                                   absl::string_view profile);

}  // namespace muster
