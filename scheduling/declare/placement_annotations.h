// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "scheduling/declare/ecosystem.h"
#include "scheduling/model/pod.h"

namespace muster::declare {

// What annotations of KAI and Volcano on the pod ask of the topology, added to
// `membership`, whichever declaration that is of. Where it asks for a topology
// itself that holds, and the annotations are named among what is ignored; so is
// what KAI says alone where both say something. Annotations that make no sense are
// the membership's problem.
void AddPlacementAnnotations(const PodFacts& pod, Membership& membership);

// Names the keys of the pod about its gang that Muster does not act upon, with
// the reason, among what is ignored.
void NoteIgnoredKeys(const PodFacts& pod, Membership& membership);

}  // namespace muster::declare
