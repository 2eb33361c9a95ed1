// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "scheduling/gpu/mig_geometry.h"

namespace muster {

// All geometries that are known, one for each kind of GPU that names its
// profiles differently. They live as long as the program.
absl::Span<const MigGeometry> MigGeometries();

// The geometry of this name, such as A100-40GB; null if there is none.
const MigGeometry* FindMigGeometry(absl::string_view name);

// How GPUs of `product` can be cut, where that is known; null where it is not,
// or where they can't be. `product` is what nvidia-smi and the label
// nvidia.com/gpu.product call it, in any case, with or without "NVIDIA" before it; what
// GPU Feature Discovery appends (-MIG-..., -SHARED) is not part of it.
// `memory_mib` tells products of one name apart; 0 where it is not known:
// then only a product whose name says enough is found.
const MigGeometry* MigGeometryOf(absl::string_view product, int64_t memory_mib);

// Whether a GPU of `product` is what a person means who says `words`: each word is
// one of the product's name, whatever the case, such as "A100-80GB" of
// "NVIDIA-A100-SXM4-80GB".
bool IsGpuProduct(absl::string_view product, absl::string_view words);

// The memory that the name of a product says, in MiB and not more than it has;
// 0 if it says nothing.
int64_t StatedGpuMemoryMib(absl::string_view product);

}  // namespace muster
