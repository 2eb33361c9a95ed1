// SPDX-License-Identifier: Apache-2.0
#include "scheduling/plan/ceiling.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "scheduling/model/resources.h"

namespace muster {
namespace {

// Members that ask for so much of one amount each.
struct Ask {
  int64_t amount = 0;
  int64_t members = 0;
};

// One amount that some of the members ask for.
struct Amount {
  std::string resource;
  std::vector<Ask> asks;  // the least first
  DomainRoom free;
};

std::vector<Amount> AmountsOf(const Board& board, const std::vector<ClassNeed>& needs, const DomainTree& tree,
                              DomainId top) {
  std::vector<std::string> resources = {std::string(kCpu), std::string(kMemory),
                                        std::string(kEphemeralStorage), std::string(kPods)};
  for (const ClassNeed& need : needs) {
    for (const auto& [name, amount] : board.shape(need.cls).requests.scalars) resources.push_back(name);
  }
  std::sort(resources.begin(), resources.end());
  resources.erase(std::unique(resources.begin(), resources.end()), resources.end());
  std::vector<Amount> amounts;
  for (std::string& resource : resources) {
    Amount amount{std::move(resource), {}, {}};
    for (const ClassNeed& need : needs)
      amount.asks.push_back({board.shape(need.cls).requests.Get(amount.resource), need.members});
    std::sort(amount.asks.begin(), amount.asks.end(),
              [](const Ask& a, const Ask& b) { return a.amount < b.amount; });
    if (amount.asks.back().amount <= 0) continue;
    amount.free = DomainRoom(tree, top);
    amounts.push_back(std::move(amount));
  }
  return amounts;
}

// How many members the amount is enough for, those first that ask for least.
int64_t EnoughFor(const std::vector<Ask>& asks, int64_t amount) {
  int64_t members = 0;
  for (const Ask& ask : asks) {
    const int64_t fit = ask.amount <= 0 ? ask.members : std::min(ask.members, amount / ask.amount);
    members += fit;
    amount -= fit * std::max<int64_t>(ask.amount, 0);
    if (fit < ask.members) break;
  }
  return members;
}

void SumUp(const DomainTree& tree, DomainRoom& room) {
  for (size_t level = room.levels().size(); level-- > 1;) {
    for (DomainId d = room.levels()[level].begin; d < room.levels()[level].end; ++d)
      room.Of(tree.domain(d).parent) += room.Of(d);
  }
}

}  // namespace

DomainRoom CountCeiling(const Board& board, const std::vector<ClassNeed>& needs, const DomainTree& tree,
                        DomainId top) {
  DomainRoom most(tree, top);
  if (needs.empty()) return most;
  // Sums of what is free shall not overflow.
  const int64_t largest = std::numeric_limits<int64_t>::max() / (int64_t{board.node_count()} + 1);
  std::vector<Amount> amounts = AmountsOf(board, needs, tree, top);
  for (const int32_t n : tree.NodesOf(top)) {
    int64_t room = 0;  // of all classes, as if each were alone
    for (const ClassNeed& need : needs) room += std::min(need.members, board.MostOn(need.cls, n));
    if (room == 0) continue;
    const DomainId domain = tree.DeepestOf(n);
    for (Amount& amount : amounts) {
      const int64_t free = std::clamp<int64_t>(board.free(n).Get(amount.resource), 0, largest);
      amount.free.Of(domain) += free;
      room = std::min(room, EnoughFor(amount.asks, free));
    }
    most.Of(domain) += room;
  }
  SumUp(tree, most);
  for (Amount& amount : amounts) SumUp(tree, amount.free);
  for (const DomainTree::Range& level : most.levels()) {
    for (DomainId d = level.begin; d < level.end; ++d) {
      for (const Amount& amount : amounts)
        most.Of(d) = std::min(most.Of(d), EnoughFor(amount.asks, amount.free[d]));
    }
  }
  return most;
}

}  // namespace muster
