// SPDX-License-Identifier: Apache-2.0
#include "scheduling/plan/survey.h"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include "scheduling/plan/fills.h"

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

// The innermost level that nodes need a domain of, whichever level is looked at:
// all but the one that the part itself requires.
std::optional<size_t> NeededAtAnyLevel(const Parts& parts, int32_t part, const DomainTree& tree) {
  std::optional<size_t> needed;
  for (int32_t p = part; p >= 0; p = parts.all[At(p)].parent) {
    Demand demand = parts.all[At(p)].demand;
    if (demand.tree != &tree) continue;
    if (p == part) demand.required.reset();
    if (const auto level = demand.InnermostNeeded()) needed = std::max(needed.value_or(0), *level);
  }
  return needed;
}

// Whether all that the part waits for are whole slices, of which it has none broken.
bool AreWholeSlices(const Parts& parts, int32_t p) {
  const Part& part = parts.all[At(p)];
  if (part.demand.slices.empty() || !part.children.empty()) return false;
  std::vector<size_t> waiting;
  for (const size_t m : part.members) {
    if (parts.members[m].required && parts.members[m].node == kNoNode) waiting.push_back(m);
  }
  const std::vector<Fill> fills = MakeFills(parts, p, waiting, Scope());
  return fills.size() == 1 && !fills[0].partial && !fills[0].broken && !fills[0].nowhere;
}

}  // namespace

Survey::Survey(Board& board, const Parts& parts, Placer& placer, int32_t part, Effort& effort)
    : board_(board),
      parts_(parts),
      placer_(placer),
      part_(part),
      missing_(MissingByClass(parts, part)),
      rules_(placer.constraints().RulesOf(part)),
      effort_(effort) {
  rules_.innermost_needed = NeededAtAnyLevel(parts, part, *rules_.tree);
  const bool slices = !parts.all[At(part)].demand.slices.empty();
  const bool whole_slices = slices && AreWholeSlices(parts, part);
  if (whole_slices) rules_.layers = parts.all[At(part)].demand.slices;
  int competing = 0;
  bool alone = true;  // nothing depends on where others are
  for (size_t cls = 0; cls < missing_.size(); ++cls) {
    if (missing_[cls] > 0) {
      ++competing;
      alone &= !board.OneByOne(cls);
    }
    capacity_.push_back(missing_[cls] == 0 ? DomainRoom() : CountCapacity(board, cls, rules_, Scope()));
  }
  bound_is_exact_ = alone && competing <= 1 && slices == whole_slices && !placer.AskWithin(part);
  if (bound_is_exact_) return;
  std::vector<ClassNeed> needs;
  for (size_t cls = 0; cls < missing_.size(); ++cls) {
    if (missing_[cls] > 0) needs.push_back({cls, missing_[cls]});
  }
  ceiling_ = CountCeiling(board, needs, *rules_.tree, kRootDomain);
}

int64_t Survey::missing() const { return std::accumulate(missing_.begin(), missing_.end(), int64_t{0}); }

size_t Survey::FirstMissing() const {
  const auto at = std::find_if(missing_.begin(), missing_.end(), [](int64_t members) { return members > 0; });
  return at == missing_.end() ? 0 : static_cast<size_t>(at - missing_.begin());
}

int64_t Survey::Bound(DomainId domain) const {
  int64_t bound = 0;
  for (size_t cls = 0; cls < missing_.size(); ++cls) {
    if (missing_[cls] > 0) bound += std::min(missing_[cls], capacity_[cls][domain]);
  }
  return ceiling_.has_value() ? std::min(bound, (*ceiling_)[domain]) : bound;
}

bool Survey::MightHold(std::optional<size_t> level) const {
  if (!level.has_value()) return Bound(kRootDomain) >= missing();
  const std::vector<DomainId> domains = placer_.constraints().DomainsOf(part_, *rules_.tree, *level, Scope());
  return std::any_of(domains.begin(), domains.end(), [&](DomainId d) { return Bound(d) >= missing(); });
}

Survey::Look Survey::LookAt(size_t level) {
  std::vector<DomainId> domains = placer_.constraints().DomainsOf(part_, *rules_.tree, level, Scope());
  Look look{.domains = static_cast<int64_t>(domains.size())};
  size_t looked_at = 0;
  if (!bound_is_exact_) {
    std::vector<std::pair<int64_t, DomainId>> bounds;
    for (const DomainId d : domains) bounds.emplace_back(-Bound(d), d);
    std::stable_sort(bounds.begin(), bounds.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    for (size_t i = 0; i < bounds.size(); ++i) domains[i] = bounds[i].second;
  }
  for (const DomainId d : domains) {
    // The others hold less by any account.
    const bool told = look.best != kNoDomain && Bound(d) <= look.fits && Bound(d) < missing();
    if (!bound_is_exact_ && told) break;
    const int64_t fits = bound_is_exact_ ? Bound(d) : FitsIn(d);
    if (fits >= missing()) ++look.holding;
    if (look.best == kNoDomain || fits > look.fits) look = {d, fits, look.holding, look.domains};
    ++looked_at;
    look.cut_short = !bound_is_exact_ && effort_.spent() && looked_at < domains.size();
    if (look.cut_short) break;
  }
  return look;
}

LevelFit Survey::AtLevel(size_t level) {
  const DomainTree& tree = *rules_.tree;
  const Look look = LookAt(level);
  return {.level = tree.levels()[level].name,
          .fits = look.fits,
          .best = look.best == kNoDomain ? "" : tree.PathOf(look.best),
          .holding = look.holding,
          .domains = look.domains,
          .cut_short = look.cut_short};
}

Closest Survey::FindClosest(std::optional<size_t> level) {
  if (!level.has_value()) return {kRootDomain, bound_is_exact_ ? Bound(kRootDomain) : FitsIn(kRootDomain)};
  const Look look = LookAt(*level);
  return {look.best, look.fits};
}

Attempt Survey::SeatIn(DomainId domain) {
  if (domain == kNoDomain) return {.part = part_, .cls = FirstMissing()};
  return placer_.SeatMost(part_, Scope().NarrowedTo(*rules_.tree, domain));
}

int64_t Survey::FitsIn(DomainId domain) {
  const int64_t fits = SeatIn(domain).members;
  // Where parts ask for something each look goes through all members.
  const auto members = static_cast<int64_t>(placer_.AskWithin(part_) ? parts_.members.size() : 0);
  effort_.Spend(rules_.tree->domain(domain).nodes * static_cast<int64_t>(missing_.size()) + members);
  if (fits < missing() && Bound(domain) >= missing() && HoldsAll(domain)) return missing();
  return fits;
}

bool Survey::HoldsAll(DomainId domain) {
  if (static_cast<size_t>(board_.node_count()) > kExactNodes || effort_.spent()) return false;
  Parts copy = parts_;
  copy.all[At(part_)].demand.required.reset();
  std::vector<bool> within(copy.members.size());
  for (const size_t m : copy.all[At(part_)].all) within[m] = true;
  for (size_t m = 0; m < within.size(); ++m) copy.members[m].required &= within[m];
  return Placer(board_, copy, placer_.constraints().others_here(), &effort_)
      .FitsWithin(Scope().NarrowedTo(*rules_.tree, domain));
}

}  // namespace muster
