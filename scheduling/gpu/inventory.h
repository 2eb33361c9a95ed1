// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "scheduling/model/gpu_inventory.h"
#include "scheduling/model/resources.h"
#include "scheduling/model/selector.h"

namespace muster {

// The resource names that stand for GPUs, whole or in part.
bool IsGpuResource(absl::string_view resource);
// Of these, the ones of NVIDIA's device plugin.
bool IsNvidiaGpuResource(absl::string_view resource);

// Takes together what a node publishes about its GPUs: the amounts of its device
// plugins and the labels of GPU Feature Discovery and of clouds. `unreadable` has
// the names of GPU resources whose amount is no quantity; those count as none.
// Unset if the node has no GPUs and says nothing about any.
//
// What contradicts itself is used as far as it is safe: of two numbers the
// smaller one, an absurd amount as none, a product that may be another as none
// that a pod could ask for; and is told in `problems`.
std::optional<GpuInventory> ReadGpus(const Labels& labels, const Resources& capacity,
                                     const Resources& allocatable, absl::Span<const std::string> unreadable);

}  // namespace muster
