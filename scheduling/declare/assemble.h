// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "scheduling/model/cluster_view.h"
#include "scheduling/model/gang.h"

namespace muster::declare {

// The gang as its members and its object in `view` declare it; or, if `id` is
// that of a group of gangs, all of these as one. Without any member the result
// has no members and nothing else but its id.
//
// Members that contradict each other, or a malformed declaration, are the
// gang's `problem`, named with the pods; an object that does not exist yet is
// what the gang is `waiting_for`.
Gang AssembleGang(const ClusterView& view, const GangId& id);

}  // namespace muster::declare
