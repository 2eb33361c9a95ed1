// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "scheduling/declare/assemble_one.h"
#include "scheduling/model/cluster_view.h"
#include "scheduling/model/gang.h"

namespace muster::declare {

// The group `id` as one gang, of which each gang, and each group within it, is
// a subgroup; see AssembleGang. REQUIRES: `members` has one at least, and is of
// gangs of the group.
//
// A group needs as many of its parts as it says. Once a part of it ran, the
// group was whole: each gang is then on its own, those that ran with what exists
// of them, the others whole or not at all.
Gang AssembleGroup(const ClusterView& view, const GangId& id, MemberList members);

}  // namespace muster::declare
