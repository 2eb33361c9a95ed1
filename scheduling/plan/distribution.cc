// SPDX-License-Identifier: Apache-2.0
#include "scheduling/plan/distribution.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace muster {
namespace {

size_t At(int32_t index) { return static_cast<size_t>(index); }

// Takes of `items`, sorted with the roomiest first, as few as hold `members`,
// the last of them the tightest that holds what is left. `room` is what an
// item holds, `take` gets the chosen items with their members.
template <typename Item, typename Room, typename Take>
void TakeFewest(const std::vector<Item>& items, int64_t members, const Room& room, const Take& take) {
  for (auto item = items.begin(); item != items.end() && members > 0; ++item) {
    if (room(*item) < members) {
      take(*item, room(*item));
      members -= room(*item);
      continue;
    }
    // The tightest that suffices; of equal ones the first.
    const auto end =
        std::find_if(item, items.end(), [&](const Item& other) { return room(other) < members; });
    auto tightest = item;
    for (auto other = item; other != end; ++other) {
      if (room(*other) < room(*tightest)) tightest = other;
    }
    take(*tightest, members);
    return;
  }
}

// A node that holds some of the members.
struct Opening {
  int32_t node;
  int64_t room;
  int64_t devices;
};

// How many nodes may be visited to compare domains. What is tried has trials
// within, so that without a limit the cost would double with every level.
constexpr int64_t kTrialsPerNode = 4;
constexpr int64_t kTrials = 256;

class Distributor {
 public:
  Distributor(const Board& board, size_t cls, const CapacityRules& rules, const Scope& scope,
              const DomainRoom& capacity)
      : board_(board), cls_(cls), rules_(rules), tree_(*rules.tree), scope_(scope), capacity_(capacity) {}

  Distribution Run(DomainId domain, int64_t members) && {
    result_.left_over = capacity_[domain] - members;
    int64_t trials = kTrialsPerNode * tree_.domain(domain).nodes + kTrials;
    trials_ = &trials;
    Divide({domain}, members);
    CountDomains();
    return std::move(result_);
  }

 private:
  // A domain directly within, or (kNoDomain) a node that is in none of them.
  struct Child {
    DomainId domain;
    int64_t room;
    int32_t node = 0;
  };
  struct Share {
    Child child;
    int64_t members;
  };

  void Divide(const std::vector<DomainId>& domains, int64_t members) {
    if (std::all_of(domains.begin(), domains.end(), [&](DomainId d) { return HasHostsOnly(d); })) {
      std::vector<int32_t> nodes;
      for (const DomainId d : domains)
        nodes.insert(nodes.end(), tree_.NodesOf(d).begin(), tree_.NodesOf(d).end());
      return DivideOverNodes(nodes, members);
    }
    std::vector<Child> children;
    for (const DomainId d : domains) AddChildren(d, children);
    if (const auto used = UsedThatHolds(children, members); used != kNoDomain) return Divide({used}, members);
    std::stable_sort(children.begin(), children.end(),
                     [](const Child& a, const Child& b) { return a.room > b.room; });
    absl::Span<Child> left = absl::MakeSpan(children);
    std::vector<Share> shares;
    int64_t rest = members;
    while (rest > left.front().room) {
      const int64_t room = left.front().room;
      const auto equal = static_cast<size_t>(
          std::count_if(left.begin(), left.end(), [&](const Child& child) { return child.room == room; }));
      const size_t filled = std::min(equal, static_cast<size_t>((rest - 1) / room));
      if (filled < equal) CheapestFirst(left.first(equal), room);
      for (const Child& child : left.first(filled)) shares.push_back({child, room});
      rest -= static_cast<int64_t>(filled) * room;
      left.remove_prefix(filled);
    }
    const auto suffice = static_cast<size_t>(
        std::count_if(left.begin(), left.end(), [&](const Child& child) { return child.room >= rest; }));
    CheapestFirst(left.first(suffice), rest);
    shares.push_back({left.front(), rest});
    DivideOver(shares);
  }

  // How much goes to each matters where a domain takes whole slices, or one
  // member; otherwise the domains further in are chosen from all of these.
  void DivideOver(const std::vector<Share>& shares) {
    const bool each = !rules_.layers.empty() || rules_.one_per_domain.has_value();
    std::vector<DomainId> domains;
    int64_t members = 0;
    for (const auto& [child, share] : shares) {
      if (each || child.domain == kNoDomain) {
        DivideWithin(child, share);
      } else {
        domains.push_back(child.domain);
        members += share;
      }
    }
    std::sort(domains.begin(), domains.end());
    if (!domains.empty()) Divide(domains, members);
  }

  void DivideWithin(const Child& child, int64_t members) {
    if (child.domain == kNoDomain) return DivideOverNodes(absl::MakeConstSpan(&child.node, 1), members);
    Divide({child.domain}, members);
  }

  void AddChildren(DomainId id, std::vector<Child>& children) const {
    const Domain& domain = tree_.domain(id);
    for (DomainId c = domain.first_child; c < domain.first_child + domain.children; ++c) {
      if (capacity_[c] > 0) children.push_back({c, capacity_[c]});
    }
    for (const int32_t n : LooseNodes(id)) {
      if (RoomOn(n) > 0) children.push_back({kNoDomain, RoomOn(n), n});
    }
  }

  // Sorts by what `members` cost in each; the tightest first once too much was tried.
  void CheapestFirst(absl::Span<Child> children, int64_t members) const {
    if (children.size() < 2) return;
    for (const Child& child : children) {
      *trials_ -= child.domain == kNoDomain ? 1 : tree_.domain(child.domain).nodes;
    }
    if (*trials_ < 0) {
      std::stable_sort(children.begin(), children.end(),
                       [](const Child& a, const Child& b) { return a.room < b.room; });
      return;
    }
    std::vector<std::pair<Distribution, Child>> tried;
    for (const Child& child : children) {
      Distributor distributor(board_, cls_, rules_, scope_, capacity_);
      distributor.trials_ = trials_;
      distributor.DivideWithin(child, members);
      distributor.CountDomains();
      distributor.result_.left_over = child.room - members;
      tried.emplace_back(std::move(distributor.result_), child);
    }
    std::stable_sort(tried.begin(), tried.end(),
                     [](const auto& a, const auto& b) { return a.first.CostsLessThan(b.first); });
    for (size_t i = 0; i < tried.size(); ++i) children[i] = tried[i].second;
  }

  // The tightest of those where the gang is already and that hold `members`.
  DomainId UsedThatHolds(const std::vector<Child>& children, int64_t members) const {
    if (rules_.used.empty()) return kNoDomain;
    const Child* best = nullptr;
    for (const Child& child : children) {
      if (child.domain == kNoDomain || !rules_.used[At(child.domain)] || child.room < members) continue;
      if (best == nullptr || child.room < best->room) best = &child;
    }
    return best == nullptr ? kNoDomain : best->domain;
  }

  // Whether there is no domain within but those of single nodes.
  bool HasHostsOnly(DomainId id) const {
    const Domain& domain = tree_.domain(id);
    return domain.children == 0 || (domain.children == domain.nodes &&
                                    At(tree_.domain(domain.first_child).level) + 1 == tree_.levels().size());
  }

  // The nodes of a domain that are in none of its children come last.
  absl::Span<const int32_t> LooseNodes(DomainId id) const {
    const Domain& domain = tree_.domain(id);
    int32_t in_children = 0;
    for (DomainId c = domain.first_child; c < domain.first_child + domain.children; ++c) {
      in_children += tree_.domain(c).nodes;
    }
    return tree_.NodesOf(id).subspan(At(in_children));
  }

  int64_t RoomOn(int32_t node) const {
    const DomainId deepest = tree_.DeepestOf(node);
    const int64_t room = muster::RoomOn(board_, cls_, rules_, scope_, node);
    // A host's domain knows of slices and spread at that level.
    return tree_.domain(deepest).nodes == 1 ? std::min(room, capacity_[deepest]) : room;
  }

  void DivideOverNodes(absl::Span<const int32_t> nodes, int64_t members) {
    std::vector<Opening> openings;
    for (const int32_t n : nodes) {
      const int64_t room = RoomOn(n);
      if (room > 0) openings.push_back({n, room, board_.DevicesAtStake(cls_, n)});
    }
    const auto key = [&](const Opening& o) {
      const Resources& free = board_.free(o.node);
      return std::tuple(!board_.in_window(o.node), -o.room, board_.penalty(o.node), o.devices,
                        free.cpu_millis, free.memory_bytes, o.node);
    };
    std::sort(openings.begin(), openings.end(),
              [&](const Opening& a, const Opening& b) { return key(a) < key(b); });
    const auto room = [&](const Opening& o) { return o.room; };
    // Nodes that kube-scheduler found fit come first, whatever else there is.
    const auto outside = std::partition_point(openings.begin(), openings.end(),
                                              [&](const Opening& o) { return board_.in_window(o.node); });
    const std::vector<Opening> inside(openings.begin(), outside);
    openings.erase(openings.begin(), outside);
    int64_t left = members;
    const auto take = [&](const Opening& o, int64_t share) {
      left -= share;
      Use(o, share);
    };
    TakeFewest(inside, left, room, take);
    TakeFewest(openings, left, room, take);
  }

  void Use(const Opening& opening, int64_t members) {
    const Resources& free = board_.free(opening.node);
    result_.shares.push_back({opening.node, members});
    result_.penalty += board_.penalty(opening.node);
    result_.devices += opening.devices;
    result_.cpu_millis += free.cpu_millis;
    result_.memory_bytes += free.memory_bytes;
  }

  void CountDomains() {
    result_.domains.resize(tree_.levels().size());
    std::vector<DomainId> used;
    for (size_t level = 0; level < tree_.levels().size(); ++level) {
      used.clear();
      int64_t loose = 0;
      for (const Distribution::Share& share : result_.shares) {
        const DomainId domain = tree_.DomainOf(share.node, level);
        if (domain == kNoDomain) {
          ++loose;
        } else if (used.empty() || used.back() != domain) {
          used.push_back(domain);
        }
      }
      std::sort(used.begin(), used.end());
      used.erase(std::unique(used.begin(), used.end()), used.end());
      result_.domains[level] = static_cast<int64_t>(used.size()) + loose;
    }
  }

  const Board& board_;
  const size_t cls_;
  const CapacityRules& rules_;
  const DomainTree& tree_;
  const Scope& scope_;
  const DomainRoom& capacity_;
  Distribution result_;
  int64_t* trials_ = nullptr;  // nodes that may still be visited to compare
};

}  // namespace

bool Distribution::CostsLessThan(const Distribution& other) const {
  return std::tie(domains, penalty, devices, left_over, cpu_millis, memory_bytes) <
         std::tie(other.domains, other.penalty, other.devices, other.left_over, other.cpu_millis,
                  other.memory_bytes);
}

Distribution Distribute(const Board& board, size_t cls, const CapacityRules& rules, const Scope& scope,
                        const DomainRoom& capacity, DomainId domain, int64_t members) {
  return Distributor(board, cls, rules, scope, capacity).Run(domain, members);
}

int64_t TakeUpTo(Board& board, size_t fill, size_t cls, CapacityRules rules, const Scope& scope,
                 DomainId domain, int64_t members) {
  rules.one_more = board.OneByOne(cls);
  int64_t taken = 0;
  while (taken < members) {
    const DomainRoom capacity = CountCapacity(board, cls, rules, scope);
    int64_t next = std::min(members - taken, capacity[domain]);
    if (!rules.layers.empty()) next -= next % rules.layers.front().size;
    if (next == 0) break;
    for (const auto& share : Distribute(board, cls, rules, scope, capacity, domain, next).shares) {
      // Each that is taken may close nodes to the others of this round.
      if (rules.one_more && !board.TakesOneMore(cls, share.node)) continue;
      board.Take({fill, cls, share.node, share.members});
      taken += share.members;
    }
    if (!rules.one_more) break;
  }
  return taken;
}

}  // namespace muster
