// SPDX-License-Identifier: Apache-2.0
#include "scheduling/plan/distribution.h"

#include <algorithm>
#include <functional>
#include <tuple>
#include <utility>

#include "scheduling/plan/compact.h"
#include "scheduling/plan/exact_division.h"
#include "scheduling/plan/take_fewest.h"

namespace muster {
namespace {

size_t At(int32_t index) { return static_cast<size_t>(index); }

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
    // Over nodes alone taking the fewest is good enough, but where it is asked about once.
    if (!HasHostsOnly(domain) || (domain == kRootDomain && board_.knows_worth())) {
      if (const auto exact = DivideExactly(board_, cls_, rules_, scope_, capacity_, domain, members)) {
        for (const Distribution::Share& share : *exact)
          Use(OpeningOf(share.node, share.members), share.members);
        CountDomains();
        return std::move(result_);
      }
    }
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
    ChooseCompact(children, members, shares);
    DivideOver(shares);
  }

  bool IsDividedByEach() const { return !rules_.layers.empty() || rules_.one_per_domain.has_value(); }

  // The roomiest may need more domains further in than others that hold the
  // members as well. `children` begins with those of the shares.
  void ChooseCompact(const std::vector<Child>& children, int64_t members, std::vector<Share>& shares) const {
    if (shares.size() < 2 || shares.size() == children.size() || IsDividedByEach()) return;
    std::vector<Holder> holders;
    for (const Child& child : children) holders.push_back({child.room, RoomsWithin(child)});
    const auto chosen = ExchangeForFewerWithin(holders, shares.size(), members, *trials_);
    if (chosen.back() + 1 == chosen.size()) return;
    shares.clear();
    for (const size_t i : chosen) shares.push_back({children[i], children[i].room});
    std::stable_sort(shares.begin(), shares.end(),
                     [](const Share& a, const Share& b) { return a.members > b.members; });
    for (Share& share : shares) {
      share.members = std::min(share.members, members);
      members -= share.members;
    }
  }

  std::vector<int64_t> RoomsWithin(const Child& child) const {
    if (child.domain == kNoDomain) return {child.room};
    std::vector<Child> within;
    AddChildren(child.domain, within);
    std::vector<int64_t> rooms;
    for (const Child& c : within) rooms.push_back(c.room);
    std::sort(rooms.begin(), rooms.end(), std::greater<>());
    return rooms;
  }

  // How much goes to each matters where a domain takes whole slices, or one
  // member; otherwise the domains further in are chosen from all of these.
  void DivideOver(const std::vector<Share>& shares) {
    std::vector<DomainId> domains;
    int64_t members = 0;
    for (const auto& [child, share] : shares) {
      if (IsDividedByEach() || child.domain == kNoDomain) {
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

  Opening OpeningOf(int32_t n, int64_t room) const {
    const Resources& free = board_.free(n);
    return {n,
            room,
            board_.penalty(n),
            board_.LossOf(cls_, n, room),
            board_.DevicesAtStake(cls_, n),
            free.cpu_millis,
            free.memory_bytes};
  }

  void DivideOverNodes(absl::Span<const int32_t> nodes, int64_t members) {
    // Nodes that kube-scheduler found fit come first, whatever else there is.
    std::vector<Opening> inside;
    std::vector<Opening> outside;
    for (const int32_t n : nodes) {
      const int64_t room = RoomOn(n);
      if (room > 0) (board_.in_window(n) ? inside : outside).push_back(OpeningOf(n, room));
    }
    int64_t left = members;
    const auto take = [&](const Opening& opening, int64_t share) {
      left -= share;
      Use(opening, share);
    };
    const auto loss_of = [this](int32_t n, int64_t share) { return board_.LossOf(cls_, n, share); };
    TakeFewest(std::move(inside), left, loss_of, take);
    TakeFewest(std::move(outside), left, loss_of, take);
  }

  void Use(const Opening& opening, int64_t members) {
    result_.shares.push_back({opening.node, members});
    result_.penalty += opening.penalty;
    result_.loss += opening.loss;
    result_.devices += opening.devices;
    result_.cpu_millis += opening.cpu_millis;
    result_.memory_bytes += opening.memory_bytes;
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
  return std::tie(domains, penalty, loss, devices, left_over, cpu_millis, memory_bytes) <
         std::tie(other.domains, other.penalty, other.loss, other.devices, other.left_over, other.cpu_millis,
                  other.memory_bytes);
}

Distribution Distribute(const Board& board, size_t cls, const CapacityRules& rules, const Scope& scope,
                        const DomainRoom& capacity, DomainId domain, int64_t members) {
  return Distributor(board, cls, rules, scope, capacity).Run(domain, members);
}

}  // namespace muster
