// SPDX-License-Identifier: Apache-2.0
#include "scheduling/topology/hyper_node_members.h"

#include <algorithm>
#include <numeric>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "re2/re2.h"
#include "scheduling/topology/levels.h"

namespace muster {
namespace {

constexpr int64_t kCompiling = 10'000;  // what it takes to compile a pattern, in steps
constexpr int64_t kPerComparison = 20;  // of a label
constexpr int64_t kPatternBytes = 1 << 20;

}  // namespace

HyperNodeMembers::HyperNodeMembers(absl::Span<const Node* const> nodes) : nodes_(nodes) {
  by_name_.reserve(nodes.size());
  for (size_t n = 0; n < nodes.size(); ++n) {
    by_name_.emplace(nodes[n]->name.text(), static_cast<int32_t>(n));
  }
}

absl::StatusOr<std::vector<int32_t>> HyperNodeMembers::NodesOf(const HyperNodeMember& member) {
  if (!member.pattern.empty()) return ByPattern(member.pattern);
  if (member.labels.has_value()) return ByLabels(*member.labels);
  const auto node = by_name_.find(member.name);
  return node == by_name_.end() ? std::vector<int32_t>() : std::vector<int32_t>{node->second};
}

absl::StatusOr<std::vector<int32_t>> HyperNodeMembers::ByPattern(absl::string_view pattern) {
  if (absl::Status spent = Spend(kCompiling); !spent.ok()) return spent;
  RE2::Options options(RE2::Quiet);
  options.set_max_mem(kPatternBytes);
  const RE2 regex(re2::StringPiece(pattern.data(), pattern.size()), options);
  if (!regex.ok()) {
    return absl::InvalidArgumentError(absl::StrFormat("the pattern \"%s\" can't be read: %s",
                                                      Shortened(pattern), Shortened(regex.error())));
  }
  if (regex.ProgramSize() > kMostPatternSteps) {
    return absl::InvalidArgumentError(absl::StrFormat("the pattern \"%s\" takes %d steps; want at most %d",
                                                      Shortened(pattern), regex.ProgramSize(),
                                                      kMostPatternSteps));
  }
  const auto count = static_cast<int64_t>(nodes_.size());
  if (absl::Status spent = Spend(count * regex.ProgramSize()); !spent.ok()) return spent;
  std::vector<int32_t> found;
  for (size_t n = 0; n < nodes_.size(); ++n) {
    if (RE2::PartialMatch(nodes_[n]->name.text(), regex)) found.push_back(static_cast<int32_t>(n));
  }
  return found;
}

absl::StatusOr<std::vector<int32_t>> HyperNodeMembers::ByLabels(const std::vector<LabelRequirement>& labels) {
  absl::StatusOr<std::vector<int32_t>> candidates = Candidates(labels);
  if (!candidates.ok()) return candidates;
  const auto count = static_cast<int64_t>(candidates->size());
  if (absl::Status spent = Spend(count * static_cast<int64_t>(labels.size()) * kPerComparison); !spent.ok()) {
    return spent;
  }
  std::erase_if(*candidates, [&](int32_t n) {
    const Labels& of_node = nodes_[static_cast<size_t>(n)]->labels;
    return !std::all_of(labels.begin(), labels.end(),
                        [&](const LabelRequirement& label) { return Matches(label, of_node); });
  });
  return candidates;
}

absl::StatusOr<std::vector<int32_t>> HyperNodeMembers::Candidates(
    const std::vector<LabelRequirement>& labels) {
  const auto one_of = std::find_if(labels.begin(), labels.end(), [](const LabelRequirement& label) {
    return label.op == LabelRequirement::Op::kIn;
  });
  std::vector<int32_t> candidates;
  if (one_of == labels.end()) {
    if (absl::Status spent = Spend(static_cast<int64_t>(nodes_.size())); !spent.ok()) return spent;
    candidates.resize(nodes_.size());
    std::iota(candidates.begin(), candidates.end(), 0);
    return candidates;
  }
  absl::StatusOr<const ByValue*> index = Index(one_of->key);
  if (!index.ok()) return index.status();
  for (const std::string& value : one_of->values) {
    const auto nodes = (*index)->find(value);
    if (nodes == (*index)->end()) continue;
    if (absl::Status spent = Spend(static_cast<int64_t>(nodes->second.size())); !spent.ok()) return spent;
    candidates.insert(candidates.end(), nodes->second.begin(), nodes->second.end());
  }
  std::sort(candidates.begin(), candidates.end());
  candidates.erase(std::unique(candidates.begin(), candidates.end()), candidates.end());
  return candidates;
}

absl::StatusOr<const HyperNodeMembers::ByValue*> HyperNodeMembers::Index(absl::string_view key) {
  const auto known = by_label_.find(key);
  if (known != by_label_.end()) return &known->second;
  if (absl::Status spent = Spend(static_cast<int64_t>(nodes_.size()) * kPerComparison); !spent.ok()) {
    return spent;
  }
  ByValue& index = by_label_[key];
  for (size_t n = 0; n < nodes_.size(); ++n) {
    const auto label = nodes_[n]->labels.find(key);
    if (label == nodes_[n]->labels.end()) continue;
    index[label->second].push_back(static_cast<int32_t>(n));
  }
  return &index;
}

absl::Status HyperNodeMembers::Spend(int64_t effort) {
  spent_ += effort;
  if (spent_ <= kMostEffort) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      absl::StrFormat("finding the members on %d nodes takes more than %d steps; want exactMatch, or fewer "
                      "and shorter patterns",
                      nodes_.size(), kMostEffort));
}

}  // namespace muster
