// SPDX-License-Identifier: Apache-2.0
#include "scheduling/plan/planner.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "scheduling/plan/board.h"
#include "scheduling/plan/default_demand.h"
#include "scheduling/plan/exclusive.h"
#include "scheduling/plan/gpu_advice.h"
#include "scheduling/plan/one_product.h"
#include "scheduling/plan/parts.h"
#include "scheduling/plan/placer.h"
#include "scheduling/plan/refusal_text.h"
#include "scheduling/plan/shared_claims.h"
#include "scheduling/plan/shortfall.h"
#include "scheduling/topology/levels.h"

namespace muster {
namespace {

const Topologies& NoTopologies() {
  static const auto& none = *new Topologies();
  return none;
}

// The part whose members, or parts, have yet to be created; null if there is none.
const Part* IncompletePart(const Parts& parts, int32_t p = 0) {
  const Part& part = parts.all[static_cast<size_t>(p)];
  if (part.can_be_whole && p > 0) return nullptr;
  const auto complete = std::count_if(part.children.begin(), part.children.end(), [&](int32_t child) {
    return parts.all[static_cast<size_t>(child)].can_be_whole;
  });
  if (complete < part.min_children) return &part;
  for (const int32_t child : part.children) {
    const Part* incomplete = parts.IsOptional(child) ? nullptr : IncompletePart(parts, child);
    if (incomplete != nullptr) return incomplete;
  }
  return p > 0 ? &part : nullptr;
}

std::optional<Refusal> WhyNotReady(const PlanInput& input, const Parts& parts) {
  const Gang& gang = input.gang;
  const GangCount count = Count(gang);
  // Kept seats are of pending members, which are among the ready ones.
  const int64_t ready = count.satisfied + count.ready;
  if (!gang.waiting_for.empty()) return Incomplete(gang, ready, gang.waiting_for);
  if (ready < count.needed) {
    if (ready + parts.gated >= count.needed) {
      return Incomplete(gang, ready, "members still have scheduling gates");
    }
    return Incomplete(gang, ready, absl::StrFormat("not all of its %d members exist yet", gang.min_members));
  }
  const bool goes_on = count.living > 0 && !gang.group_needs.has_value();
  const Part* incomplete = goes_on ? nullptr : IncompletePart(parts);
  if (incomplete == nullptr) return std::nullopt;
  if (parts.gated > 0) return Incomplete(gang, ready, "members still have scheduling gates");
  return Incomplete(
      gang, ready,
      incomplete->min_children > 0
          ? absl::StrFormat("fewer than %d of its subgroups have the members of their minimum",
                            incomplete->min_children)
          : absl::StrFormat("not all members of its subgroup %s exist yet", Shortened(incomplete->name)));
}

// Whether the members with a place make the minimum.
bool HasMinimum(const PlanInput& input, const Parts& parts) {
  const GangCount count = Count(input.gang);
  const int64_t seated = std::count_if(parts.members.begin(), parts.members.end(),
                                       [](const Member& m) { return !m.bound && m.node != kNoNode; });
  return count.satisfied + seated >= count.needed;
}

Seats NewSeats(const PlanInput& input, const Board& board, const Parts& parts) {
  Seats seats = input.kept;
  for (const Member& member : parts.members) {
    if (member.bound || member.kept || member.node == kNoNode) continue;
    seats.push_back(SeatOf(*member.pod, board.node(member.node).name));
  }
  return seats;
}

// A minimum is of any members: those that ask for least are tried after the first
// ones. False, and the parts as they were, if there is no room for these either.
bool PlaceOthers(const PlanInput& input, Parts& parts, Placer& placer) {
  if (!HasChoice(parts)) return false;
  MarkRequired(input.gang, Preference::kLeastDemanding, parts);
  if (placer.PlaceRequired()) return true;
  MarkRequired(input.gang, Preference::kFirst, parts);
  return false;
}

// Keeps the gang off what others have for themselves.
void CloseNodes(const PlanInput& input, const Topologies& topologies, Board& board) {
  board.Close(KeptByOthers(input, topologies, board));
  board.CloseShares(Tenants(input.view, input.ledger, input.tenants).ClosedFor(input.gang));
}

std::variant<Seats, NoRoom> PlanOnAnyProduct(const PlanInput& input) {
  if (!input.gang.problem.empty()) return NoRoom{Invalid(input.gang, input.gang.problem)};
  const Topologies& topologies = input.topologies == nullptr ? NoTopologies() : *input.topologies;
  Board board(input, Board::Room::kNow);
  CloseNodes(input, topologies, board);
  absl::StatusOr<Parts> parts = MakeParts(input, topologies, board);
  if (!parts.ok()) return NoRoom{Invalid(input.gang, parts.status().message())};
  if (auto refusal = WhyNotReady(input, *parts)) return NoRoom{*std::move(refusal)};
  if (const std::string missing = board.MissingForDevices(); !missing.empty())
    return NoRoom{Incomplete(input.gang, Count(input.gang).ready, missing)};

  const std::optional<size_t> default_level = ApplyDefaultDemand(input, topologies, board, *parts);
  Placer placer(board, *parts, OthersHere(input, *parts, board));
  if (!placer.PlaceRequired() && !PlaceOthers(input, *parts, placer)) {
    return Shortfall(input, *parts, default_level, placer.furthest(), board);
  }
  if (!input.minimum_only || !HasMinimum(input, *parts)) placer.PlaceSurplus();
  if (!HasMinimum(input, *parts)) {
    // What is short is told from the room before anything was placed.
    Board fresh(input, Board::Room::kNow);
    CloseNodes(input, topologies, fresh);
    absl::StatusOr<Parts> unplaced = MakeParts(input, topologies, fresh);
    return Shortfall(input, *unplaced, default_level, placer.furthest(), fresh);
  }
  return NewSeats(input, board, *parts);
}

// The refusal with its whole text: what an empty cluster would lack is no matter
// where something else would hold the gang.
Refusal Finished(NoRoom no_room, const std::string& product) {
  Refusal& refusal = no_room.refusal;
  if (refusal.kind == Refusal::Kind::kNeverFits) absl::StrAppend(&refusal.text, no_room.if_empty);
  if (!product.empty())
    absl::StrAppend(&refusal.text, "; on one GPU product, ", Shortened(product), " at best");
  return std::move(refusal);
}

// The one of a product that comes closest stands for all.
struct ClosestProduct {
  NoRoom no_room;
  std::string product;
};

void AddRefusal(const std::string& product, NoRoom next, std::optional<ClosestProduct>& closest) {
  using Kind = Refusal::Kind;
  const bool never = next.refusal.kind == Kind::kNeverFits &&
                     (!closest.has_value() || closest->no_room.refusal.kind == Kind::kNeverFits);
  if (!closest.has_value() || next.refusal.fits > closest->no_room.refusal.fits)
    closest = {std::move(next), product};
  closest->no_room.refusal.kind = never ? Kind::kNeverFits : Kind::kNoRoom;
}

// On one product where the gang has to be on one.
std::variant<Seats, Refusal> PlanOnOneProduct(const PlanInput& input) {
  const std::vector<std::string> products = ProductsToTry(input);
  if (products.empty()) {
    std::variant<Seats, NoRoom> result = PlanOnAnyProduct(input);
    if (auto* seats = std::get_if<Seats>(&result)) return std::move(*seats);
    return Finished(std::get<NoRoom>(std::move(result)), "");
  }
  PlanInput on_one = input;
  std::optional<ClosestProduct> closest;
  for (const std::string& product : products) {
    on_one.gpu_product = &product;
    std::variant<Seats, NoRoom> result = PlanOnAnyProduct(on_one);
    if (auto* seats = std::get_if<Seats>(&result)) return std::move(*seats);
    NoRoom& no_room = std::get<NoRoom>(result);
    const Refusal::Kind kind = no_room.refusal.kind;
    if (kind == Refusal::Kind::kIncomplete || kind == Refusal::Kind::kInvalid)
      return std::move(no_room.refusal);
    AddRefusal(product, std::move(no_room), closest);
  }
  Refusal refusal = Finished(std::move(closest->no_room), closest->product);
  if (refusal.would_fit_if.empty() && std::holds_alternative<Seats>(PlanOnAnyProduct(input))) {
    refusal.would_fit_if = "its members were on different GPU products";
    absl::StrAppend(&refusal.text, "; it would fit if ", refusal.would_fit_if);
  }
  return refusal;
}

}  // namespace

std::variant<Seats, Refusal> PlanGang(const PlanInput& input) {
  std::variant<Seats, Refusal> result = PlanAroundSharedClaims(input, PlanOnOneProduct);
  if (auto* refusal = std::get_if<Refusal>(&result)) AdviseOnGpus(input, *refusal);
  return result;
}

}  // namespace muster
