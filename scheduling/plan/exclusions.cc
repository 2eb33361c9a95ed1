// SPDX-License-Identifier: Apache-2.0
#include "scheduling/plan/exclusions.h"

#include <algorithm>
#include <map>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "scheduling/plan/capacity.h"
#include "scheduling/plan/feasibility.h"
#include "scheduling/plan/fills.h"
#include "scheduling/plan/gpu_rules.h"
#include "scheduling/topology/levels.h"

namespace muster {
namespace {

// Counts, for one more member of a class, the cause that keeps it off each node.
class ExclusionCount {
 public:
  // The attempt is on the board. `before` are the rules as they were without it.
  ExclusionCount(const PlanInput& input, const Parts& parts, const Board& board, const Placer& placer,
                 const Attempt& attempt, const CapacityRules& before)
      : input_(input),
        parts_(parts),
        board_(board),
        part_(attempt.part),
        cls_(*attempt.cls),
        before_(before),
        rules_(placer.constraints().RulesOf(attempt.part)),
        gpu_rules_(board.shape(cls_), board.gpu_product()) {
    for (const Portion& portion : attempt.taken) {
      for (int64_t i = 0; i < portion.members; ++i) own_[portion.node] += board.shape(portion.cls).requests;
    }
    for (int32_t p = part_; p >= 0; p = parts.all[At(p)].parent) {
      const Demand& demand = parts.all[At(p)].demand;
      if (!demand.required.has_value()) continue;
      homes_.push_back({demand.tree, *demand.required,
                        DomainsOfMost(*demand.tree, *demand.required, placer.constraints().PlacesOf(p)),
                        parts.all[At(p)].name});
    }
  }

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
  // Where those of a part are that have to be together.
  struct Home {
    const DomainTree* tree;
    size_t level;
    std::vector<DomainId> domains;  // none: nowhere yet
    std::string part;
  };

  static size_t At(int32_t index) { return static_cast<size_t>(index); }

  // What is free without the attempt.
  bool FitsBefore(int32_t n) const {
    const Resources& requests = board_.shape(cls_).requests;
    return own_.contains(n) ? Fits(requests, FreeBefore(n)) : Fits(requests, board_.free(n));
  }
  Resources FreeBefore(int32_t n) const {
    Resources free = board_.free(n);
    if (const auto own = own_.find(n); own != own_.end()) free += own->second;
    return free;
  }

  // Of a node that the class may not use at all.
  std::string Rule(int32_t n) {
    const PodShape& shape = board_.shape(cls_);
    const Node& node = board_.node(n);
    if (board_.IsClosed(n)) return "in a domain that another gang has for itself";
    if (std::string rule = Ineligibility(shape, node); !rule.empty()) return rule;
    if (std::string rule = ClosedToMembers(shape, node); !rule.empty()) return rule;
    // Of a node without any, that it has none says more than what they are not.
    if (!Fits(shape.requests, node.allocatable)) return Lack(n);
    if (!board_.HasCapacityFor(cls_, n)) return absl::StrCat("of ", Word(board_.capacity(n)), " capacity");
    if (std::string rule = gpu_rules_.Against(node); !rule.empty()) return rule;
    if (board_.IsClosedToShares(shape, n)) return "with GPUs that another tenant shares";
    if (std::string why = input_.declined.Why(shape, node.name); !why.empty()) return why;
    return "away from the devices of its claims";
  }

  std::string DeviceCause(const BoardDevices::Lack& lack) {
    if (lack.promised) return "with devices that are promised to other gangs";
    if (!scarcest_.has_value()) scarcest_ = Scarcest{lack.what, lack.free};
    if (lack.what == scarcest_->resource) scarcest_->most_free = std::max(scarcest_->most_free, lack.free);
    return absl::StrCat("insufficient ", lack.what);
  }

  std::string Lack(int32_t n) {
    const std::vector<Shortage> lacks = Shortages(board_.shape(cls_).requests, FreeBefore(n));
    if (!scarcest_.has_value()) scarcest_ = Scarcest{lacks[0].resource, lacks[0].free};
    for (const Shortage& lack : lacks) {
      if (lack.resource == scarcest_->resource)
        scarcest_->most_free = std::max(scarcest_->most_free, lack.free);
    }
    return absl::StrCat("insufficient ", lacks[0].resource);
  }

  std::string Cause(int32_t n) {
    const PodShape& shape = board_.shape(cls_);
    if (!board_.MayUse(cls_, n)) return Rule(n);
    if (std::string cause = FabricCause(n); !cause.empty()) return cause;
    if (board_.Capacity(cls_, n) > 0) return OwnCause(n);
    if (Fits(shape.requests, board_.free(n))) {
      if (const auto lack = board_.DeviceLack(cls_, n)) return DeviceCause(*lack);
    }
    if (FitsBefore(n)) return "filled by this gang";
    if (Fits(shape.requests, input_.view.FindNode(board_.node(n).name)->free))
      return "promised to other gangs";
    return Lack(n);
  }

  // Of a node with room beside the gang.
  std::string OwnCause(int32_t n) const {
    if (std::string cause = HomeCause(n); !cause.empty()) return cause;
    if (const std::string rule = board_.PodRuleAgainst(cls_, n); !rule.empty())
      return absl::StrCat(absl::StartsWith(rule, "host port") ? "where " : "ruled out by ", rule);
    if (parts_.all[At(part_)].demand.slices.empty()) return "ruled out by other members";
    return board_.OneByOne(cls_) ? "where no whole slice may come" : "with room for less than a slice";
  }

  std::string FabricCause(int32_t n) const {
    const DomainTree& tree = *rules_.tree;
    for (size_t level = 0; level < tree.levels().size(); ++level) {
      const DomainId domain = tree.DomainOf(n, level);
      if (domain == kNoDomain) {
        const bool needed = rules_.innermost_needed.has_value() && *rules_.innermost_needed >= level;
        if (needed) return absl::StrCat("without ", NameOf(tree, level));
        break;
      }
      if (IsIn(before_.closed, domain)) return absl::StrCat("in a ", NameOf(tree, level), " that is taken");
      if (!IsIn(rules_.closed, domain)) continue;
      return absl::StrCat(
          "in a ", NameOf(tree, level), " that ",
          rules_.one_per_domain == level ? "has a member of this gang" : "another subgroup has for itself");
    }
    return "";
  }

  // Of a node outside of the domain where the others of a part are.
  std::string HomeCause(int32_t n) const {
    for (const Home& home : homes_) {
      if (home.domains.empty()) continue;
      const DomainId domain = home.tree->DomainOf(n, home.level);
      if (std::find(home.domains.begin(), home.domains.end(), domain) != home.domains.end()) continue;
      return absl::StrCat(
          "in another ", NameOf(*home.tree, home.level), " than ",
          home.part.empty() ? "the other members" : absl::StrCat("subgroup ", Shortened(home.part)));
    }
    return "";
  }

  static bool IsIn(const std::vector<bool>& closed, DomainId domain) {
    return !closed.empty() && closed[At(domain)];
  }
  static std::string NameOf(const DomainTree& tree, size_t level) {
    return Shortened(tree.levels()[level].name);
  }

  const PlanInput& input_;
  const Parts& parts_;
  const Board& board_;
  const int32_t part_;
  const size_t cls_;
  const CapacityRules& before_;
  const CapacityRules rules_;
  GpuRules gpu_rules_;
  absl::flat_hash_map<int32_t, Resources> own_;  // taken by the attempt, by node
  std::vector<Home> homes_;                      // of the parts around the member, the innermost first
  std::map<std::string, int64_t> nodes_by_cause_;
  std::optional<Scarcest> scarcest_;
};

}  // namespace

Exclusions FindExclusions(const PlanInput& input, const Parts& parts, const Attempt& attempt,
                          absl::Span<const int32_t> nodes, Board& board, Placer& placer) {
  const CapacityRules before = placer.constraints().RulesOf(attempt.part);
  placer.Resume(attempt);
  ExclusionCount count(input, parts, board, placer, attempt, before);
  for (const int32_t n : nodes) count.Add(n);
  placer.TakeBack();
  return {count.Sorted(), count.scarcest()};
}

}  // namespace muster
