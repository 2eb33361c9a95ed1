// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>

#include "scheduling/model/cluster_view.h"
#include "scheduling/model/gang.h"

// Pods of negative priority that hold room so that an autoscaler keeps it.
namespace muster {

// Whether the pod is one: of a priority below `below`, and in no gang.
bool IsPlaceholder(const Pod& pod, int32_t below);

// Whether the pod gets the room of placeholders.
bool MayUsePlaceholders(const Pod& pod, int32_t below);
// Whether all pending members do.
bool MayUsePlaceholders(const Gang& gang, int32_t below);

// The view as it will be without the placeholders; null where there are none.
// Cost: O(placeholders).
std::shared_ptr<const ClusterView> WithoutPlaceholders(const ClusterView& view, int32_t below);

}  // namespace muster
