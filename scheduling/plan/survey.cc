// SPDX-License-Identifier: Apache-2.0
#include "scheduling/plan/survey.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "scheduling/plan/placer.h"
#include "scheduling/plan/take.h"

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

std::vector<int64_t> RoomLeft(const Board& board, size_t cls) {
  std::vector<int64_t> left;
  for (int32_t n = 0; n < board.node_count(); ++n) left.push_back(board.Capacity(cls, n));
  return left;
}

}  // namespace

Closest Replayed(Board& board, const std::vector<Portion>& portions, size_t short_of) {
  const size_t before = board.taken().size();
  Closest closest{.short_of = short_of};
  for (const Portion& portion : portions) {
    board.Take(portion);
    closest.fits += portion.members;
  }
  closest.left = RoomLeft(board, short_of);
  board.UndoTo(before);
  return closest;
}

Survey::Survey(Board& board, const Parts& parts, const Constraints& constraints, int32_t part, Effort& effort)
    : board_(board),
      parts_(parts),
      constraints_(constraints),
      part_(part),
      missing_(MissingByClass(parts, part)),
      rules_(constraints.RulesOf(part)),
      effort_(effort) {
  rules_.innermost_needed = NeededAtAnyLevel(parts, part, *rules_.tree);
  const Part& p = parts.all[At(part)];
  // Slices are of the part's own members only.
  if (p.children.empty()) rules_.layers = p.demand.slices;
  int competing = 0;
  bool alone = true;  // nothing depends on where others are
  for (size_t cls = 0; cls < missing_.size(); ++cls) {
    if (missing_[cls] > 0) {
      ++competing;
      alone &= !board.OneByOne(cls);
    }
    capacity_.push_back(missing_[cls] == 0 ? DomainRoom() : CountCapacity(board, cls, rules_, Scope()));
  }
  bound_is_exact_ = alone && competing <= 1;
}

int64_t Survey::missing() const { return std::accumulate(missing_.begin(), missing_.end(), int64_t{0}); }

int64_t Survey::Bound(DomainId domain) const {
  int64_t bound = 0;
  for (size_t cls = 0; cls < missing_.size(); ++cls) {
    if (missing_[cls] > 0) bound += std::min(missing_[cls], capacity_[cls][domain]);
  }
  return bound;
}

bool Survey::MightHold(std::optional<size_t> level) const {
  if (!level.has_value()) return Bound(kRootDomain) >= missing();
  const std::vector<DomainId> domains = constraints_.DomainsOf(part_, *rules_.tree, *level, Scope());
  return std::any_of(domains.begin(), domains.end(), [&](DomainId d) { return Bound(d) >= missing(); });
}

Survey::Look Survey::LookAt(size_t level) {
  std::vector<DomainId> domains = constraints_.DomainsOf(part_, *rules_.tree, level, Scope());
  Look look{.domains = static_cast<int64_t>(domains.size())};
  size_t looked_at = 0;
  if (!bound_is_exact_) {
    std::stable_sort(domains.begin(), domains.end(),
                     [&](DomainId a, DomainId b) { return Bound(a) > Bound(b); });
  }
  for (const DomainId d : domains) {
    // The others hold less by any account.
    if (!bound_is_exact_ && Bound(d) <= look.fits && Bound(d) < missing()) break;
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
  Closest closest;
  if (level.has_value()) {
    const Look look = LookAt(*level);
    if (look.best == kNoDomain) {
      // No node is in a domain of the level, which is said of each.
      size_t cls = 0;
      while (missing_[cls] == 0 && cls + 1 < missing_.size()) ++cls;
      closest.short_of = cls;
      closest.left = RoomLeft(board_, cls);
      return closest;
    }
    closest.domain = look.best;
    closest.scope = closest.scope.NarrowedTo(*rules_.tree, look.best);
  }
  SeatSideBySide(closest, &closest.left);
  return closest;
}

int64_t Survey::FitsIn(DomainId domain) {
  Closest closest{.scope = Scope().NarrowedTo(*rules_.tree, domain), .domain = domain};
  SeatSideBySide(closest, nullptr);
  effort_.Spend(rules_.tree->domain(domain).nodes * static_cast<int64_t>(missing_.size()));
  if (closest.fits < missing() && Bound(domain) >= missing() && HoldsAll(domain)) return missing();
  return closest.fits;
}

bool Survey::HoldsAll(DomainId domain) {
  // What subgroups ask for is left out here, so that theirs could not be told.
  const bool few_nodes = static_cast<size_t>(board_.node_count()) <= kExactNodes;
  if (parts_.all.size() > 1 || !few_nodes || effort_.spent()) return false;
  Parts copy = parts_;
  copy.all[0].demand.required.reset();
  return Placer(board_, copy, constraints_.others_here(), &effort_)
      .FitsWithin(Scope().NarrowedTo(*rules_.tree, domain));
}

void Survey::SeatSideBySide(Closest& closest, std::vector<int64_t>* left) {
  const size_t before = board_.taken().size();
  CapacityRules rules = rules_;
  std::vector<size_t> classes;
  for (size_t cls = 0; cls < missing_.size(); ++cls) {
    if (missing_[cls] > 0) classes.push_back(cls);
  }
  // Those that follow others by affinity have no place before these have theirs.
  std::stable_partition(classes.begin(), classes.end(), [&](size_t cls) {
    const auto& terms = board_.shape(cls).terms;
    return !terms.has_value() || terms->affinity.empty();
  });
  for (const size_t cls : classes) {
    const size_t own = board_.taken().size();
    const int64_t fits = TakeUpTo(board_, 0, cls, rules, closest.scope, closest.domain, missing_[cls]);
    if (fits < missing_[cls] && !closest.short_of.has_value()) {
      closest.short_of = cls;
      if (left != nullptr) *left = RoomLeft(board_, cls);
    }
    closest.fits += fits;
    if (!rules.one_per_domain.has_value()) continue;
    for (size_t taken = own; taken < board_.taken().size(); ++taken) {
      rules.Close(*rules.one_per_domain, board_.taken()[taken].node);
    }
  }
  board_.UndoTo(before);
}

}  // namespace muster
