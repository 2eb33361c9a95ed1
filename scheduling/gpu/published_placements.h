// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "scheduling/model/device.h"

namespace muster {

// How the placements of MIG instances that a slice of the driver gpu.nvidia.com
// publishes differ from those that are known of its products, as a clause; empty
// where they do not, or where there is nothing to compare. What is published
// counts all the same: it is what the driver will do.
//
// Source: the counters memory-slice-0, memory-slice-1, ... that devices of the
//         driver consume, and their attributes profile and productName, as
//         NVIDIA's DRA driver writes them (feature gate DynamicMIG).
std::string CheckPublishedPlacements(const DeviceSlice& slice);

}  // namespace muster
