// SPDX-License-Identifier: Apache-2.0
#include "scheduling/plan/take.h"

#include <algorithm>
#include <utility>

#include "scheduling/plan/distribution.h"
#include "scheduling/plan/in_turn.h"

namespace muster {

int64_t TakeUpTo(Board& board, size_t fill, size_t cls, CapacityRules rules, const Scope& scope,
                 DomainId domain, int64_t members) {
  if (board.OneByOne(cls)) {
    InTurn in_turn(board);
    in_turn.Add({fill, cls, std::move(rules), scope, domain, members});
    in_turn.Run();
    return in_turn.taken(0);
  }
  const DomainRoom capacity = CountCapacity(board, cls, rules, scope);
  int64_t taken = std::min(members, capacity[domain]);
  if (!rules.layers.empty()) taken -= taken % rules.layers.front().size;
  if (taken == 0) return 0;
  for (const auto& share : Distribute(board, cls, rules, scope, capacity, domain, taken).shares)
    board.Take({fill, cls, share.node, share.members});
  return taken;
}

}  // namespace muster
