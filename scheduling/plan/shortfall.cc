// SPDX-License-Identifier: Apache-2.0
#include "scheduling/plan/shortfall.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "scheduling/plan/exclusions.h"
#include "scheduling/plan/exclusive.h"
#include "scheduling/plan/placer.h"
#include "scheduling/plan/refusal_text.h"
#include "scheduling/plan/survey.h"
#include "scheduling/topology/levels.h"

namespace muster {
namespace {

size_t At(int32_t index) { return static_cast<size_t>(index); }

// What a refusal is told from: a board with nothing placed, and who places on it.
struct Ground {
  const PlanInput& input;
  Parts& parts;
  Board& board;
  Placer& placer;
  Effort& effort;

  Survey SurveyOf(int32_t part) { return Survey(board, parts, placer, part, effort); }
};

// What is short of room: the gang as a whole, or else one of its subgroups.
struct Short {
  int32_t part = 0;
  std::optional<size_t> level = {};  // of which one domain has to hold it
  DomainId domain = kRootDomain;     // where it comes closest
  Attempt attempt = {};              // there
  int64_t part_fits = 0;             // of it
  int64_t gang_fits = 0;             // of the gang as a whole, with what subgroups ask for
  bool alone = true;                 // it is short by itself; otherwise only beside the others
};

// The subgroup that alone is short of room for its own demand; -1 if there is none.
int32_t ShortSubgroup(Ground& ground) {
  for (size_t p = 1; p < ground.parts.all.size(); ++p) {
    const auto part = static_cast<int32_t>(p);
    const Demand& demand = ground.parts.all[p].demand;
    if (ground.parts.IsOptional(part) || (!demand.required.has_value() && demand.slices.empty())) continue;
    Survey survey = ground.SurveyOf(part);
    if (survey.missing() > survey.FindClosest(demand.required).fits) return part;
  }
  return -1;
}

// Whether the gang is short of room even if its subgroups asked for nothing.
bool IsShortAsAWhole(Ground& ground) {
  Parts plain = ground.parts;
  for (size_t p = 0; p < plain.all.size(); ++p) {
    plain.all[p].min_children = 0;
    if (p > 0) plain.all[p].demand = Demand();
  }
  Placer placer(ground.board, plain, ground.placer.constraints().others_here(), &ground.effort);
  Survey survey(ground.board, plain, placer, 0, ground.effort);
  return survey.FindClosest(plain.all[0].demand.required).fits < survey.missing();
}

// Where an attempt was, if the gang has to be in one domain of a level.
DomainId DomainOfAttempt(const Survey& whole, const Attempt& attempt, std::optional<size_t> level,
                         DomainId otherwise) {
  if (!level.has_value() || attempt.taken.empty()) return otherwise;
  const DomainId domain = whole.rules().tree->DomainOf(attempt.taken.front().node, *level);
  return domain == kNoDomain ? otherwise : domain;
}

Attempt SeatIn(Survey& survey, int32_t part, DomainId domain) {
  Attempt attempt = survey.SeatIn(domain);
  if (!attempt.cls.has_value()) {
    attempt.part = part;
    attempt.cls = survey.FirstMissing();
  }
  return attempt;
}

// `furthest`: how far placing came.
Short FindShort(Ground& ground, const Attempt& furthest) {
  Survey whole = ground.SurveyOf(0);
  Short found{.level = ground.parts.all[0].demand.required};
  const Closest closest = whole.FindClosest(found.level);
  found.attempt = SeatIn(whole, 0, closest.domain);
  found.domain = std::max(closest.domain, kRootDomain);
  found.gang_fits = found.part_fits = std::max(closest.fits, found.attempt.members);
  const bool parts_ask = ground.placer.AskWithin(0);
  if (parts_ask ? IsShortAsAWhole(ground) : closest.fits < whole.missing()) return found;
  if (const int32_t part = parts_ask ? ShortSubgroup(ground) : -1; part > 0) {
    Survey survey = ground.SurveyOf(part);
    found.part = part;
    found.level = ground.parts.all[At(part)].demand.required;
    const Closest at = survey.FindClosest(found.level);
    found.attempt = SeatIn(survey, part, at.domain);
    found.domain = std::max(at.domain, kRootDomain);
    found.part_fits = std::max(at.fits, found.attempt.members);
    return found;
  }
  found.alone = false;
  const bool further = furthest.members >= found.attempt.members || found.attempt.members >= whole.missing();
  if (furthest.cls.has_value() && further) {
    found.attempt = furthest;
    found.domain = DomainOfAttempt(whole, furthest, found.level, found.domain);
  }
  found.part = found.attempt.part;
  found.gang_fits = found.part_fits = found.attempt.members;
  return found;
}

// Whether the gang finds its places if the part needs one domain of `level`, or
// none at all.
bool FitsWithin(std::optional<size_t> level, int32_t part, Ground& ground) {
  Parts relaxed = ground.parts;
  relaxed.all[At(part)].demand.required = level;
  const size_t before = ground.board.taken().size();
  const bool fits = Placer(ground.board, relaxed, ground.placer.constraints().others_here(), &ground.effort)
                        .PlaceRequired();
  ground.board.UndoTo(before);
  return fits;
}

// The innermost level outside of the short part's of which one domain would be
// enough, as it was tried or is sure.
std::string WouldFitIf(Ground& ground, const Short& found, const std::vector<LevelFit>& levels,
                       const Survey& survey) {
  const auto fits = [&](std::optional<size_t> level) {
    return survey.MightHold(level) && (survey.IsExact() || FitsWithin(level, found.part, ground));
  };
  for (size_t l = *found.level; l-- > 0;) {
    if (fits(l)) return absl::StrCat("one ", Shortened(levels[l].level), " were enough");
  }
  if (!fits(std::nullopt)) return "";
  return absl::StrCat("more than one ", Shortened(levels[*found.level].level), " were allowed");
}

// Members in whole slices of the layers from `first` on, side by side in the domain.
int64_t FitInSlices(Ground& ground, const Short& found, const Survey& survey, size_t first) {
  const std::vector<SliceLayer>& slices = ground.parts.all[At(found.part)].demand.slices;
  const std::vector<SliceLayer> layers(slices.begin() + static_cast<std::ptrdiff_t>(first), slices.end());
  if (!ground.board.OneByOne(survey.FirstMissing())) {
    CapacityRules rules = survey.rules();
    rules.layers = layers;
    const DomainRoom room = CountCapacity(ground.board, survey.FirstMissing(), rules, Scope());
    return std::min(survey.missing(), room[found.domain]);
  }
  Parts copy = ground.parts;
  copy.all[At(found.part)].demand.slices = layers;
  return Placer(ground.board, copy, ground.placer.constraints().others_here(), &ground.effort)
      .SeatMost(found.part, Scope().NarrowedTo(*survey.rules().tree, found.domain))
      .members;
}

// Counts the slices of each layer as if there were no layers around it. They are of
// equal members.
void AddSlices(Ground& ground, const Short& found, const Survey& survey, std::vector<SliceFit>& slices) {
  const Demand& demand = ground.parts.all[At(found.part)].demand;
  for (size_t i = 0; i < demand.slices.size(); ++i) {
    const SliceLayer& layer = demand.slices[i];
    slices.push_back({.level = demand.tree->levels()[layer.level].name,
                      .size = layer.size,
                      .fits = FitInSlices(ground, found, survey, i) / layer.size,
                      .of = survey.missing() / layer.size});
  }
}

// Whether the board has less of some resource than the gang needs in all.
bool LacksInAll(const Board& board, const Parts& parts) {
  Resources needed;
  Resources free;
  for (const Member& member : parts.members) {
    if (member.required && member.node == kNoNode) needed += member.pod->shape.requests;
  }
  for (int32_t n = 0; n < board.node_count(); ++n) {
    bool usable = false;
    for (size_t cls = 0; cls < board.class_count() && !usable; ++cls) usable = board.MayUse(cls, n);
    if (usable) free += board.free(n);
  }
  return !Fits(needed, free);
}

// Whether no placement can exist on the board, by proof: that none was found
// proves nothing where members of several kinds compete.
bool CannotFit(Ground& ground) {
  for (size_t p = 0; p < ground.parts.all.size(); ++p) {
    const auto part = static_cast<int32_t>(p);
    if (ground.parts.IsOptional(part)) continue;
    if (!ground.SurveyOf(part).MightHold(ground.parts.all[p].demand.required)) return true;
  }
  return LacksInAll(ground.board, ground.parts);
}

// What is short if nothing ran anywhere; nullopt if the whole gang would fit, or might.
std::optional<ShortWhenEmpty> FindShortWhenEmpty(const PlanInput& input, const Parts& parts,
                                                 const Board& board, Effort& effort) {
  if (HasChoice(parts)) return std::nullopt;  // other members might
  Board empty = EmptyBoard(input, parts, board);
  Parts copy = parts;
  Placer placer(empty, copy, {}, &effort);
  Ground ground{input, copy, empty, placer, effort};
  if (!CannotFit(ground)) {
    const bool exact = ground.SurveyOf(0).IsExact();
    if (exact || placer.PlaceRequired() || !placer.exhausted()) return std::nullopt;
  }
  const Short found = FindShort(ground, placer.furthest());
  const Survey survey = ground.SurveyOf(found.part);
  ShortWhenEmpty is_short{.subgroup = parts.all[At(found.part)].name,
                          .fits = found.part_fits,
                          .of = survey.missing(),
                          .alone = found.alone};
  if (found.level.has_value()) is_short.level = Shortened(survey.rules().tree->levels()[*found.level].name);
  if (found.attempt.cls.has_value()) is_short.requests = &empty.shape(*found.attempt.cls).requests;
  if (found.alone) AddSlices(ground, found, survey, is_short.slices);
  return is_short;
}

// Says what keeps the next member off the nodes where the part comes closest.
std::optional<Scarcest> CountExclusions(Ground& ground, const Short& found, const Survey& survey,
                                        Refusal& refusal) {
  const absl::Span<const int32_t> nodes = survey.rules().tree->NodesOf(found.domain);
  refusal.nodes = static_cast<int64_t>(nodes.size());
  Exclusions exclusions =
      FindExclusions(ground.input, ground.parts, found.attempt, nodes, ground.board, ground.placer);
  refusal.excluded = std::move(exclusions.by_cause);
  return std::move(exclusions.scarcest);
}

}  // namespace

NoRoom Shortfall(const PlanInput& input, Parts& parts, std::optional<size_t> default_level,
                 const Attempt& furthest, Board& board) {
  Effort effort(board.node_count());
  Placer placer(board, parts, OthersHere(input, parts, board), &effort);
  Ground ground{input, parts, board, placer, effort};
  const Short found = FindShort(ground, furthest);
  Survey survey = ground.SurveyOf(found.part);
  const DomainTree& tree = *survey.rules().tree;
  const GangCount count = Count(input.gang);
  const int64_t satisfied = count.satisfied + static_cast<int64_t>(input.kept.size());

  Refusal refusal{.kind = Refusal::Kind::kNoRoom};
  refusal.of = count.needed;
  refusal.fits = std::min(satisfied + found.gang_fits, count.needed - 1);
  refusal.subgroup = parts.all[At(found.part)].name;
  for (size_t l = 0; l < tree.levels().size(); ++l) refusal.levels.push_back(survey.AtLevel(l));
  if (found.alone) AddSlices(ground, found, survey, refusal.slices);
  const bool one = found.level.has_value();
  if (one && found.alone) refusal.would_fit_if = WouldFitIf(ground, found, refusal.levels, survey);
  std::optional<Scarcest> scarcest = CountExclusions(ground, found, survey, refusal);

  std::optional<ShortWhenEmpty> when_empty;
  if (satisfied == 0 && !default_level.has_value())
    when_empty = FindShortWhenEmpty(input, parts, board, effort);
  if (when_empty.has_value()) refusal.kind = Refusal::Kind::kNeverFits;
  const size_t cls = found.attempt.cls.value_or(0);
  return DescribeNoRoom(input.gang,
                        {.requests = &board.shape(cls).requests,
                         .devices = DescribeDevices(board.devices(cls)),
                         .scarcest = std::move(scarcest),
                         .when_empty = std::move(when_empty),
                         .level = one ? Shortened(tree.levels()[*found.level].name) : "",
                         .domain = one ? tree.PathOf(found.domain) : "",
                         .part_fits = found.part_fits,
                         .part_of = survey.missing(),
                         .alone = found.alone,
                         .is_default = default_level.has_value()},
                        std::move(refusal));
}

}  // namespace muster
