// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "scheduling/declare/ecosystem.h"
#include "scheduling/model/pod.h"

namespace muster::declare {

// What Kueue's topology annotations on the pod ask for, added to `membership`,
// whichever declaration that is of: to the whole gang, or, where
// `roles_are_pod_sets`, to the subgroup of the pod's role. An offset of ranks
// is subtracted. Where the membership asks for a topology itself, that holds,
// and Kueue's is named among what is ignored. Annotations that make no sense
// are the membership's problem.
void AddKueueTopology(const PodFacts& pod, bool roles_are_pod_sets, Membership& membership);

}  // namespace muster::declare
