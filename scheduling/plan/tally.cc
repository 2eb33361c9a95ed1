// SPDX-License-Identifier: Apache-2.0
#include "scheduling/plan/tally.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"

namespace muster {

TopologyValues::TopologyValues(std::string label, const std::vector<const Node*>& nodes)
    : key(std::move(label)) {
  absl::flat_hash_map<absl::string_view, int32_t> numbers;
  of_node.reserve(nodes.size());
  for (const Node* node : nodes) {
    const auto at = node->labels.find(key);
    if (at == node->labels.end()) {
      of_node.push_back(kAbsent);
    } else {
      of_node.push_back(numbers.try_emplace(at->second, static_cast<int32_t>(numbers.size())).first->second);
    }
  }
  count = static_cast<int32_t>(numbers.size());
}

void Tally::Add(size_t node, int64_t pods) {
  if (!Labelled(node)) return;
  counts_[Value(node)] += pods;
  total_ += pods;
}

SpreadTally::SpreadTally(const SpreadConstraint& constraint, bool self,
                         std::shared_ptr<const TopologyValues> values, std::vector<bool> counted)
    : values_(std::move(values)),
      counted_(std::move(counted)),
      counts_(static_cast<size_t>(values_->count), kNoDomain),
      max_skew_(constraint.max_skew),
      min_domains_(constraint.min_domains),
      self_(self ? 1 : 0) {
  for (size_t node = 0; node < counted_.size(); ++node) {
    counted_[node] = counted_[node] && Labelled(node);
    if (counted_[node]) counts_[static_cast<size_t>(values_->of_node[node])] = 0;
  }
  domains_ = std::count(counts_.begin(), counts_.end(), 0);
  if (domains_ > 0) domains_by_count_[0] = domains_;
}

bool SpreadTally::Allows(size_t node) const {
  const int64_t here = std::max<int64_t>(counts_[static_cast<size_t>(values_->of_node[node])], 0);
  return here + self_ - Least() <= max_skew_;
}

int64_t SpreadTally::Least() const {
  const bool enough = domains_ > 0 && domains_ >= min_domains_;
  return enough ? domains_by_count_.begin()->first : 0;
}

int64_t SpreadTally::Room(size_t node, int64_t most) const {
  if (!Allows(node)) return 0;
  const int64_t here = counts_[static_cast<size_t>(values_->of_node[node])];
  if (self_ == 0 || here == kNoDomain) return most;
  int64_t least = Least();
  const auto fewest = domains_by_count_.begin();
  if (domains_ >= min_domains_ && here == fewest->first && fewest->second == 1) {
    // It is the emptiest itself: the next one is what it is measured by.
    if (domains_ == 1) return most;
    least = std::next(fewest)->first;
  }
  return std::min(most, max_skew_ + least - here);
}

void SpreadTally::Add(size_t node, int64_t pods) {
  if (!counted_[node] || pods == 0) return;
  int64_t& count = counts_[static_cast<size_t>(values_->of_node[node])];
  Move(count, count + pods);
  count += pods;
}

void SpreadTally::Move(int64_t from, int64_t to) {
  const auto at = domains_by_count_.find(from);
  if (--at->second == 0) domains_by_count_.erase(at);
  ++domains_by_count_[to];
}

}  // namespace muster
