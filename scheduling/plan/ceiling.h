// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "scheduling/plan/board.h"
#include "scheduling/plan/capacity.h"
#include "scheduling/plan/domain_order.h"
#include "scheduling/topology/domain_tree.h"

namespace muster {

// How many members of several classes the domains within `top` hold at most,
// together, by the amounts that are free there in all and on each node.
//
// Why:  what each class finds alone says little of classes that compete, and seating
//       them in every domain costs much more than this.
// Cost: O(classes x nodes of `top`).
DomainRoom CountCeiling(const Board& board, const std::vector<ClassNeed>& needs, const DomainTree& tree,
                        DomainId top);

}  // namespace muster
