// SPDX-License-Identifier: Apache-2.0
#include "scheduling/plan/exact_division.h"

#include <algorithm>
#include <utility>

#include "absl/container/inlined_vector.h"
#include "scheduling/topology/levels.h"

namespace muster {
namespace {

size_t At(int64_t index) { return static_cast<size_t>(index); }

// How many pairs of numbers may be looked at.
constexpr int64_t kEffortPerNode = 20;
constexpr int64_t kEffort = 4'000;

// What some members cost, the term that matters most first. Empty: not possible.
using Cost = absl::InlinedVector<int64_t, 11>;

Cost Sum(const Cost& a, const Cost& b) {
  Cost sum = a;
  for (size_t i = 0; i < sum.size(); ++i) sum[i] += b[i];
  return sum;
}

// The best way to put each number of members into one place.
struct Option {
  int32_t node = -1;            // a node, or
  std::vector<Option> of = {};  // the places directly within
  std::vector<Cost> cost = {};  // by number of members
  // By place and number in this place and those before, how many are in it.
  std::vector<std::vector<int64_t>> share = {};
};

class Divider {
 public:
  Divider(const Board& board, size_t cls, const CapacityRules& rules, const Scope& scope,
          const DomainRoom& capacity, int64_t members)
      : board_(board),
        cls_(cls),
        rules_(rules),
        tree_(*rules.tree),
        scope_(scope),
        capacity_(capacity),
        members_(members),
        levels_(tree_.levels().size()),
        hosts_last_(levels_ > 0 && tree_.levels().back().key == kHostnameLabel) {}

  bool IsAffordable(DomainId domain) const {
    int64_t effort = kEffort;
    for (const int32_t n : tree_.NodesOf(domain)) {
      const int64_t room = std::min(members_, muster::RoomOn(board_, cls_, rules_, scope_, n));
      if (room > 0) effort += kEffortPerNode - members_ * room;
    }
    return effort >= 0;
  }

  std::optional<std::vector<Distribution::Share>> Run(DomainId domain) {
    const Option all = OfDomain(domain);
    if (static_cast<int64_t>(all.cost.size()) <= members_ || all.cost[At(members_)].empty())
      return std::nullopt;
    Collect(all, members_);
    return std::move(shares_);
  }

 private:
  // Terms: the levels, but that of hosts after those outside of the window; nodes,
  // penalty, loss for the pods to come, devices, CPU, memory.
  size_t TermOf(size_t level) const { return hosts_last_ && level + 1 == levels_ ? level + 1 : level; }
  static constexpr size_t kTerms = 7;  // beside the levels
  size_t WindowTerm() const { return hosts_last_ ? levels_ - 1 : levels_; }

  Option OfNode(int32_t n, int64_t room) const {
    Option option{.node = n};
    Cost none(kTerms + levels_);
    Cost some = none;
    for (size_t level = 0; level < levels_; ++level) {
      if (tree_.DomainOf(n, level) == kNoDomain) some[TermOf(level)] = 1;
    }
    const Resources& free = board_.free(n);
    some[WindowTerm()] = board_.in_window(n) ? 0 : 1;
    some[levels_ + 1] = 1;
    some[levels_ + 2] = board_.penalty(n);
    some[levels_ + 4] = board_.DevicesAtStake(cls_, n);
    some[levels_ + 5] = free.cpu_millis;
    some[levels_ + 6] = free.memory_bytes;
    option.cost.assign(At(room) + 1, some);
    option.cost[0] = none;
    const std::vector<int64_t> losses = board_.LossesOf(cls_, n, room);
    for (size_t m = 0; m < losses.size(); ++m) option.cost[m + 1][levels_ + 3] = losses[m];
    return option;
  }

  Option OfDomain(DomainId id) const {
    const Domain& domain = tree_.domain(id);
    Option option;
    option.cost = {Cost(kTerms + levels_)};
    int32_t in_children = 0;
    for (DomainId c = domain.first_child; c < domain.first_child + domain.children; ++c) {
      in_children += tree_.domain(c).nodes;
      if (capacity_[c] > 0) Add(OfDomain(c), option);
    }
    for (const int32_t n : tree_.NodesOf(id).subspan(At(in_children))) {
      const int64_t room = std::min(members_, muster::RoomOn(board_, cls_, rules_, scope_, n));
      if (room > 0) Add(OfNode(n, room), option);
    }
    Limit(id, option);
    return option;
  }

  // One more place within `option`.
  void Add(Option place, Option& option) const {
    const auto had = static_cast<int64_t>(option.cost.size());
    const auto more = static_cast<int64_t>(place.cost.size());
    std::vector<Cost> cost(At(std::min(had + more - 2, members_)) + 1);
    std::vector<int64_t> share(cost.size());
    for (int64_t before = 0; before < had; ++before) {
      if (option.cost[At(before)].empty()) continue;
      for (int64_t in = 0; in < more && before + in < static_cast<int64_t>(cost.size()); ++in) {
        if (place.cost[At(in)].empty()) continue;
        Cost sum = Sum(option.cost[At(before)], place.cost[At(in)]);
        Cost& best = cost[At(before + in)];
        // Of equals the first place gets the most.
        if (!best.empty() && best < sum) continue;
        best = std::move(sum);
        share[At(before + in)] = in;
      }
    }
    option.cost = std::move(cost);
    option.share.push_back(std::move(share));
    option.of.push_back(std::move(place));
  }

  // What the domain takes as a whole, and that it is one more.
  void Limit(DomainId id, Option& option) const {
    const int32_t level = tree_.domain(id).level;
    const auto most = std::min<int64_t>(capacity_[id], static_cast<int64_t>(option.cost.size()) - 1);
    option.cost.resize(At(most) + 1);
    const bool used = !rules_.used.empty() && rules_.used[At(id)];
    for (int64_t members = 1; members <= most; ++members) {
      Cost& cost = option.cost[At(members)];
      if (cost.empty()) continue;
      for (const SliceLayer& layer : rules_.layers) {
        if (static_cast<int32_t>(layer.level) == level && members % layer.size != 0) cost.clear();
      }
      if (!cost.empty() && level >= 0 && !used) ++cost[TermOf(At(level))];
    }
  }

  void Collect(const Option& option, int64_t members) {
    if (members == 0) return;
    if (option.node >= 0) return shares_.push_back({option.node, members});
    for (size_t i = option.of.size(); i-- > 0;) {
      const int64_t in = option.share[i][At(members)];
      Collect(option.of[i], in);
      members -= in;
    }
  }

  const Board& board_;
  const size_t cls_;
  const CapacityRules& rules_;
  const DomainTree& tree_;
  const Scope& scope_;
  const DomainRoom& capacity_;
  const int64_t members_;
  const size_t levels_;
  const bool hosts_last_;
  std::vector<Distribution::Share> shares_;
};

}  // namespace

std::optional<std::vector<Distribution::Share>> DivideExactly(const Board& board, size_t cls,
                                                              const CapacityRules& rules, const Scope& scope,
                                                              const DomainRoom& capacity, DomainId domain,
                                                              int64_t members) {
  Divider divider(board, cls, rules, scope, capacity, members);
  if (!divider.IsAffordable(domain)) return std::nullopt;
  return divider.Run(domain);
}

}  // namespace muster
