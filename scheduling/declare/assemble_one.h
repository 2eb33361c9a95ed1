// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "scheduling/model/cluster_view.h"
#include "scheduling/model/gang.h"

namespace muster::declare {

using MemberList = std::vector<std::shared_ptr<const Pod>>;

// The gang of these members, as they and its object in `view` declare it,
// whatever group it is a part of: see AssembleGang.
Gang AssembleOne(const ClusterView& view, const GangId& id, MemberList members);

// The same gang as if the members of its later stages existed as well.
// REQUIRES: `gang` is of AssembleOne with this view, and gang.later.plannable().
Gang AssembleWithLater(const ClusterView& view, const Gang& gang);

}  // namespace muster::declare
