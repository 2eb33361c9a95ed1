// SPDX-License-Identifier: Apache-2.0
#include "scheduling/plan/survey.h"

#include <algorithm>
#include <numeric>

namespace muster {
namespace {

size_t At(int32_t index) { return static_cast<size_t>(index); }

std::vector<int64_t> MissingByClass(const Parts& parts, int32_t part) {
  std::vector<int64_t> missing(parts.class_samples.size());
  for (const size_t m : parts.all[At(part)].all) {
    const Member& member = parts.members[m];
    if (member.required && member.node == kNoNode) ++missing[member.cls];
  }
  return missing;
}

}  // namespace

Survey::Survey(Board& board, const Parts& parts, const Constraints& constraints, int32_t part)
    : board_(board),
      constraints_(constraints),
      part_(part),
      missing_(MissingByClass(parts, part)),
      rules_(constraints.RulesOf(part)) {
  const Part& p = parts.all[At(part)];
  // Slices are of the part's own members only.
  if (p.children.empty()) rules_.layers = p.demand.slices;
  for (size_t cls = 0; cls < missing_.size(); ++cls) {
    capacity_.push_back(missing_[cls] == 0 ? std::vector<int64_t>{}
                                           : CountCapacity(board, cls, rules_, Scope()));
  }
}

int64_t Survey::missing() const { return std::accumulate(missing_.begin(), missing_.end(), int64_t{0}); }

int64_t Survey::Bound(DomainId domain) const {
  int64_t bound = 0;
  for (size_t cls = 0; cls < missing_.size(); ++cls) {
    if (missing_[cls] > 0) bound += std::min(missing_[cls], capacity_[cls][At(domain)]);
  }
  return bound;
}

LevelFit Survey::AtLevel(size_t level) const {
  const DomainTree& tree = *rules_.tree;
  LevelFit fit{.level = tree.levels()[level].name};
  DomainId best = kNoDomain;
  for (const DomainId d : constraints_.DomainsOf(part_, tree, level, Scope())) {
    ++fit.domains;
    if (Bound(d) >= missing()) ++fit.holding;
    if (best == kNoDomain || Bound(d) > Bound(best)) best = d;
  }
  if (best != kNoDomain) {
    fit.best = tree.PathOf(best);
    fit.fits = Bound(best);
  }
  return fit;
}

Closest Survey::FindClosest(std::optional<size_t> level) {
  Closest closest;
  if (level.has_value()) {
    const DomainTree& tree = *rules_.tree;
    const std::vector<DomainId> domains = constraints_.DomainsOf(part_, tree, *level, Scope());
    const auto best = std::max_element(domains.begin(), domains.end(),
                                       [&](DomainId a, DomainId b) { return Bound(a) < Bound(b); });
    if (best == domains.end()) return closest;
    closest.domain = *best;
    closest.scope = closest.scope.NarrowedTo(tree, *best);
  }
  SeatSideBySide(closest);
  return closest;
}

void Survey::SeatSideBySide(Closest& closest) {
  const size_t before = board_.taken().size();
  for (size_t cls = 0; cls < missing_.size(); ++cls) {
    if (missing_[cls] == 0) continue;
    const int64_t fits = TakeUpTo(board_, 0, cls, rules_, closest.scope, closest.domain, missing_[cls]);
    if (fits < missing_[cls] && !closest.short_of.has_value()) {
      closest.short_of = cls;
      for (int32_t n = 0; n < board_.node_count(); ++n) closest.left.push_back(board_.Capacity(cls, n));
    }
    closest.fits += fits;
  }
  board_.UndoTo(before);
}

}  // namespace muster
