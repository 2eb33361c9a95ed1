// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "scheduling/declare/ecosystem.h"
#include "scheduling/model/gpu_wish.h"

namespace muster::declare {

// Which GPUs the pod wants, by its labels or annotations:
//
//   muster.dev/gpu-product         words of the product, such as H100 or A100-80GB; all
//                                  of them have to be in what the node calls it. Several
//                                  products are alternatives: "H100,H200"
//   muster.dev/gpu-memory          e.g. "40G" or "76Gi": the memory of each GPU or instance
//   muster.dev/gpu-mixed-products  "true": members of the gang may be on different products
//
// Unset if it says nothing. What can't be read sets `problem`, a sentence that
// names the pod and the key.
std::optional<GpuWish> ReadGpuWish(const PodFacts& pod, std::string& problem);

}  // namespace muster::declare
