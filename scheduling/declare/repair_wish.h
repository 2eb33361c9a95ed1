// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "scheduling/declare/ecosystem.h"
#include "scheduling/model/pod.h"

namespace muster::declare {

// Reads what the pod's labels and annotations say of the repair of its gang,
// whatever declares that:
//
//   muster.dev/repair        wait, restart or release: what becomes of the gang when
//                            it lost members and stays below its minimum
//   muster.dev/repair-grace  e.g. "10m": for how long it may stay so first
//
// A value that is none of these is a problem of the gang.
void AddRepair(const PodFacts& pod, Membership& membership);

}  // namespace muster::declare
