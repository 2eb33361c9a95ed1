// SPDX-License-Identifier: Apache-2.0
#include "scheduling/plan/deal.h"

#include <algorithm>
#include <deque>
#include <optional>
#include <utility>

#include "absl/types/span.h"

namespace muster {
namespace {

class Dealer {
 public:
  Dealer(const DomainTree& tree, std::vector<Hand> hands) : tree_(tree), hands_(std::move(hands)) {
    for (size_t h = 0; h < hands_.size(); ++h) {
      for (const Hand::Seats& seats : hands_[h].seats) seats_.push_back({h, seats.node, seats.count});
      next_.push_back(0);
      nodes_.emplace_back();
    }
    std::stable_sort(seats_.begin(), seats_.end(), [&](const Seats& a, const Seats& b) {
      return tree_.PositionOf(a.node) < tree_.PositionOf(b.node);
    });
  }

  std::vector<std::vector<int32_t>> DealAll() {
    DealOut(seats_, 0);
    return std::move(nodes_);
  }

 private:
  struct Seats {
    size_t hand;
    int32_t node;
    int64_t count;
  };
  using Run = absl::Span<const Seats>;  // of one domain, or node

  // The seats of one domain after the other; of one node after the other beyond the levels.
  void DealOut(Run seats, size_t level) {
    if (level > tree_.levels().size()) {
      for (const Seats& s : seats) {
        nodes_[s.hand].insert(nodes_[s.hand].end(), static_cast<size_t>(s.count), s.node);
        next_[s.hand] += static_cast<size_t>(s.count);
      }
      return;
    }
    const std::vector<Run> runs = RunsOf(seats, level);
    std::vector<std::deque<size_t>> with(hands_.size());  // by hand, the runs with seats of it
    for (size_t r = 0; r < runs.size(); ++r) {
      for (const Seats& s : runs[r]) {
        if (with[s.hand].empty() || with[s.hand].back() != r) with[s.hand].push_back(r);
      }
    }
    std::vector<bool> dealt(runs.size());
    for (size_t done = 0; done < runs.size(); ++done) {
      const size_t r = NextRun(with, dealt);
      dealt[r] = true;
      DealOut(runs[r], level + 1);
    }
  }

  std::vector<Run> RunsOf(Run seats, size_t level) const {
    const auto place = [&](const Seats& s) {
      const DomainId domain = level < tree_.levels().size() ? tree_.DomainOf(s.node, level) : kNoDomain;
      return std::pair(domain, domain == kNoDomain ? s.node : 0);
    };
    std::vector<Run> runs;
    for (size_t begin = 0; begin < seats.size();) {
      size_t end = begin + 1;
      while (end < seats.size() && place(seats[end]) == place(seats[begin])) ++end;
      runs.push_back(seats.subspan(begin, end - begin));
      begin = end;
    }
    return runs;
  }

  // The first of the runs that have a seat for the lowest member that is left.
  size_t NextRun(std::vector<std::deque<size_t>>& with, const std::vector<bool>& dealt) const {
    std::optional<size_t> lowest;
    for (size_t h = 0; h < hands_.size(); ++h) {
      while (!with[h].empty() && dealt[with[h].front()]) with[h].pop_front();
      if (with[h].empty()) continue;
      const auto member = [&](size_t hand) { return hands_[hand].members[next_[hand]]; };
      if (!lowest.has_value() || member(h) < member(*lowest)) lowest = h;
    }
    return with[*lowest].front();
  }

  const DomainTree& tree_;
  std::vector<Hand> hands_;
  std::vector<Seats> seats_;
  std::vector<size_t> next_;  // by hand, how many members were dealt
  std::vector<std::vector<int32_t>> nodes_;
};

}  // namespace

std::vector<std::vector<int32_t>> Deal(const DomainTree& tree, std::vector<Hand> hands) {
  return Dealer(tree, std::move(hands)).DealAll();
}

}  // namespace muster
