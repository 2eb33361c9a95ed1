// SPDX-License-Identifier: Apache-2.0
#include "scheduling/plan/exclusions.h"

#include <algorithm>
#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "scheduling/plan/feasibility.h"
#include "scheduling/plan/gpu_rules.h"
#include "scheduling/topology/levels.h"

namespace muster {
namespace {

// Counts, for one more member of a class, the cause that keeps it off each node.
class ExclusionCount {
 public:
  ExclusionCount(const PlanInput& input, const Board& board, size_t cls, const CapacityRules& rules,
                 absl::Span<const int64_t> left)
      : input_(input),
        board_(board),
        cls_(cls),
        rules_(rules),
        left_(left),
        gpu_rules_(board.shape(cls), board.gpu_product()) {}

  void Add(int32_t n) { ++nodes_by_cause_[Cause(n)]; }

  std::vector<Exclusion> Sorted() const {
    std::vector<Exclusion> exclusions;
    for (const auto& [cause, nodes] : nodes_by_cause_) exclusions.push_back({cause, nodes});
    std::stable_sort(exclusions.begin(), exclusions.end(),
                     [](const Exclusion& a, const Exclusion& b) { return a.nodes > b.nodes; });
    return exclusions;
  }

  const std::optional<Scarcest>& scarcest() const { return scarcest_; }

 private:
  // Of a node that the class may not use at all.
  std::string Rule(int32_t n) {
    const PodShape& shape = board_.shape(cls_);
    const Node& node = board_.node(n);
    if (board_.IsClosed(n)) return "in a domain that another gang has for itself";
    if (std::string rule = Ineligibility(shape, node); !rule.empty()) return rule;
    // Of a node without any, that it has none says more than what they are not.
    if (!Fits(shape.requests, node.allocatable)) return Lack(n);
    if (!board_.HasCapacityFor(cls_, n)) return absl::StrCat("of ", Word(board_.capacity(n)), " capacity");
    if (std::string rule = gpu_rules_.Against(node); !rule.empty()) return rule;
    if (board_.IsClosedToShares(shape, n)) return "with GPUs that another tenant shares";
    return input_.declined.Why(shape, node.name);
  }

  std::string Lack(int32_t n) {
    const std::vector<Shortage> lacks = Shortages(board_.shape(cls_).requests, board_.free(n));
    if (!scarcest_.has_value()) scarcest_ = Scarcest{lacks[0].resource, lacks[0].free};
    for (const Shortage& lack : lacks) {
      if (lack.resource == scarcest_->resource)
        scarcest_->most_free = std::max(scarcest_->most_free, lack.free);
    }
    return absl::StrCat("insufficient ", lacks[0].resource);
  }

  std::string Cause(int32_t n) {
    const PodShape& shape = board_.shape(cls_);
    const Node& node = board_.node(n);
    if (!board_.MayUse(cls_, n)) return Rule(n);
    if (std::string cause = FabricCause(n); !cause.empty()) return cause;
    if (board_.Capacity(cls_, n) > 0) {
      if (std::string rule = board_.PodRuleAgainst(cls_, n); !rule.empty()) return rule;
    }
    if (Fits(shape.requests, board_.free(n))) return OwnCause(n);
    if (Fits(shape.requests, input_.view.FindNode(node.name)->free)) return "promised to other gangs";
    return Lack(n);
  }

  // Of a node with room for the gang as it was found.
  std::string OwnCause(int32_t n) const {
    if (left_[static_cast<size_t>(n)] == 0) return "filled by this gang";
    const auto name = [&](size_t level) { return Shortened(rules_.tree->levels()[level].name); };
    if (rules_.one_per_domain.has_value())
      return absl::StrCat("in a ", name(*rules_.one_per_domain), " that has a member of this gang");
    if (!rules_.layers.empty()) return "with room for less than a slice";
    return "ruled out by other members";
  }

  std::string FabricCause(int32_t n) const {
    const DomainTree& tree = *rules_.tree;
    for (size_t level = 0; level < tree.levels().size(); ++level) {
      const DomainId domain = tree.DomainOf(n, level);
      if (domain == kNoDomain) {
        const bool needed = rules_.innermost_needed.has_value() && *rules_.innermost_needed >= level;
        return needed ? absl::StrCat("without ", Shortened(tree.levels()[level].name)) : "";
      }
      if (!rules_.closed.empty() && rules_.closed[static_cast<size_t>(domain)])
        return absl::StrCat("in a ", Shortened(tree.levels()[level].name), " that is taken");
    }
    return "";
  }

  const PlanInput& input_;
  const Board& board_;
  const size_t cls_;
  const CapacityRules& rules_;
  const absl::Span<const int64_t> left_;
  GpuRules gpu_rules_;
  std::map<std::string, int64_t> nodes_by_cause_;
  std::optional<Scarcest> scarcest_;
};

}  // namespace

Exclusions FindExclusions(const PlanInput& input, const Board& board, size_t cls, const CapacityRules& rules,
                          absl::Span<const int64_t> left, absl::Span<const int32_t> nodes) {
  ExclusionCount count(input, board, cls, rules, left);
  for (const int32_t n : nodes) count.Add(n);
  return {count.Sorted(), count.scarcest()};
}

}  // namespace muster
