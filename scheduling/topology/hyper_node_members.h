// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "scheduling/model/node.h"
#include "scheduling/model/topology.h"

namespace muster {

// Finds the nodes that members of HyperNodes mean.
//
// All calls together do at most kMostEffort, so that the time is bounded
// whatever the objects say. Patterns are RE2's, the syntax of Go in which they
// are written; RE2 matches in time linear in the name (std::regex may not).
//
// Threads: thread-compatible. The nodes outlive it.
class HyperNodeMembers {
 public:
  // In steps of a pattern's program over one name, or comparisons of a label: a
  // few seconds. 500 patterns over 10,000 nodes take a third of it.
  static constexpr int64_t kMostEffort = 500'000'000;
  static constexpr int kMostPatternSteps = 1'000;  // in the program of one pattern

  explicit HyperNodeMembers(absl::Span<const Node* const> nodes);

  // The nodes of a member that is no HyperNode, by number and ascending; none
  // where no node has its name.
  //   kInvalidArgument    the pattern is malformed or too large, and shown
  //   kResourceExhausted  more than kMostEffort
  absl::StatusOr<std::vector<int32_t>> NodesOf(const HyperNodeMember& member);

 private:
  using ByValue = absl::flat_hash_map<absl::string_view, std::vector<int32_t>>;

  absl::StatusOr<std::vector<int32_t>> ByPattern(absl::string_view pattern);
  absl::StatusOr<std::vector<int32_t>> ByLabels(const std::vector<LabelRequirement>& labels);
  // Nodes among which those with these labels are: by the first label that is
  // one of some values.
  absl::StatusOr<std::vector<int32_t>> Candidates(const std::vector<LabelRequirement>& labels);
  // The nodes that have `key`, by its value. Valid until the next call.
  absl::StatusOr<const ByValue*> Index(absl::string_view key);
  absl::Status Spend(int64_t effort);

  const absl::Span<const Node* const> nodes_;
  absl::flat_hash_map<absl::string_view, int32_t> by_name_;
  absl::flat_hash_map<std::string, ByValue> by_label_;
  int64_t spent_ = 0;
};

}  // namespace muster
