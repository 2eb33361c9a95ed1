// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/btree_map.h"
#include "scheduling/model/node.h"
#include "scheduling/model/pod_terms.h"

namespace muster {

// The values of one label on the nodes of a plan, as small numbers.
struct TopologyValues {
  static constexpr int32_t kAbsent = -1;

  std::string key;
  std::vector<int32_t> of_node;  // kAbsent where the node has no such label
  int32_t count = 0;             // distinct values: 0 to count - 1

  TopologyValues(std::string label, const std::vector<const Node*>& nodes);
};

// How many pods that matter stand at each value of a label.
//
// Threads: thread-compatible; a value.
class Tally {
 public:
  explicit Tally(std::shared_ptr<const TopologyValues> values)
      : values_(std::move(values)), counts_(static_cast<size_t>(values_->count)) {}

  const std::string& key() const { return values_->key; }
  bool Labelled(size_t node) const { return values_->of_node[node] != TopologyValues::kAbsent; }
  // Around the node; 0 where it has no such label.
  int64_t At(size_t node) const { return Labelled(node) ? counts_[Value(node)] : 0; }
  // In all.
  int64_t total() const { return total_; }
  void Add(size_t node, int64_t pods);

 private:
  size_t Value(size_t node) const { return static_cast<size_t>(values_->of_node[node]); }

  std::shared_ptr<const TopologyValues> values_;
  std::vector<int64_t> counts_;
  int64_t total_ = 0;
};

// The pods that one spread constraint counts, by domain.
//
// Invariant: `domains_by_count_` has every domain once, under its count.
// Source:    plugin podtopologyspread of Kubernetes 1.37.2, calPreFilterState
//            and Filter. Cost of Add and Allows: O(log nodes).
// Threads:   thread-compatible; a value.
class SpreadTally {
 public:
  // `counted` says for each node whether its value is a domain and pods there
  // count; `self` whether the pod to be seated counts itself.
  SpreadTally(const SpreadConstraint& constraint, bool self, std::shared_ptr<const TopologyValues> values,
              std::vector<bool> counted);

  const std::string& key() const { return values_->key; }
  bool Labelled(size_t node) const { return values_->of_node[node] != TopologyValues::kAbsent; }
  // Whether one more pod on the node keeps the skew. REQUIRES: Labelled(node).
  bool Allows(size_t node) const;
  // How many more pods may come one after the other around the node while none
  // comes elsewhere; at most `most`. REQUIRES: Labelled(node).
  int64_t Room(size_t node, int64_t most) const;
  // The fewest pods that any domain has. Never falls while pods come.
  int64_t Least() const;
  int64_t domains() const { return domains_; }
  // The node's domain, as a small number. REQUIRES: Labelled(node).
  int32_t ValueOf(size_t node) const { return values_->of_node[node]; }
  void Add(size_t node, int64_t pods);

 private:
  static constexpr int64_t kNoDomain = -1;
  void Move(int64_t from, int64_t to);

  std::shared_ptr<const TopologyValues> values_;
  std::vector<bool> counted_;
  std::vector<int64_t> counts_;  // by value; kNoDomain
  absl::btree_map<int64_t, int64_t> domains_by_count_;
  int64_t domains_ = 0;
  int64_t max_skew_;
  int64_t min_domains_;
  int64_t self_;
};

}  // namespace muster
