// SPDX-License-Identifier: Apache-2.0
#include "server/grpc/convert.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "muster/v1/placement.pb.h"

namespace muster {
namespace {

v1::Outcome ToProto(Outcome outcome) {
  switch (outcome) {
    case Outcome::kPlaced:
      return v1::OUTCOME_PLACED;
    case Outcome::kWaiting:
      return v1::OUTCOME_WAITING;
    case Outcome::kRefused:
      return v1::OUTCOME_REFUSED;
  }
  return v1::OUTCOME_UNSPECIFIED;
}

std::optional<Outcome> FromProto(v1::Outcome outcome) {
  switch (outcome) {
    case v1::OUTCOME_PLACED:
      return Outcome::kPlaced;
    case v1::OUTCOME_WAITING:
      return Outcome::kWaiting;
    case v1::OUTCOME_REFUSED:
      return Outcome::kRefused;
    default:
      return std::nullopt;
  }
}

v1::Refusal::Kind ToProto(Refusal::Kind kind) {
  switch (kind) {
    case Refusal::Kind::kIncomplete:
      return v1::Refusal::KIND_INCOMPLETE;
    case Refusal::Kind::kInvalid:
      return v1::Refusal::KIND_INVALID;
    case Refusal::Kind::kNoRoom:
      return v1::Refusal::KIND_NO_ROOM;
    case Refusal::Kind::kNeverFits:
      return v1::Refusal::KIND_NEVER_FITS;
  }
  return v1::Refusal::KIND_UNSPECIFIED;
}

std::optional<Refusal::Kind> FromProto(v1::Refusal::Kind kind) {
  switch (kind) {
    case v1::Refusal::KIND_INCOMPLETE:
      return Refusal::Kind::kIncomplete;
    case v1::Refusal::KIND_INVALID:
      return Refusal::Kind::kInvalid;
    case v1::Refusal::KIND_NO_ROOM:
      return Refusal::Kind::kNoRoom;
    case v1::Refusal::KIND_NEVER_FITS:
      return Refusal::Kind::kNeverFits;
    default:
      return std::nullopt;
  }
}

void ToProto(const Resources& resources, v1::Resources& message) {
  message.set_cpu_millis(resources.cpu_millis);
  message.set_memory_bytes(resources.memory_bytes);
  message.set_ephemeral_storage_bytes(resources.ephemeral_bytes);
  message.set_pods(resources.pods);
  for (const auto& [name, amount] : resources.scalars) (*message.mutable_others())[name] = amount;
}

Resources FromProto(const v1::Resources& message) {
  Resources resources;
  resources.cpu_millis = message.cpu_millis();
  resources.memory_bytes = message.memory_bytes();
  resources.ephemeral_bytes = message.ephemeral_storage_bytes();
  resources.pods = message.pods();
  for (const auto& [name, amount] : message.others()) resources.scalars.emplace_back(name, amount);
  // A protobuf map has no order, Resources has.
  std::sort(resources.scalars.begin(), resources.scalars.end());
  return resources;
}

void ToProto(const Seat& seat, v1::Seat& message) {
  ToProto(seat.pod, seat.uid, *message.mutable_pod());
  message.set_role(seat.role);
  if (seat.rank) message.set_rank(*seat.rank);
  message.set_node(seat.node.text());
  ToProto(seat.requests, *message.mutable_requests());
  message.set_capacity(std::string(Word(seat.capacity)));
}

Seat FromProto(const v1::Seat& message) {
  Seat seat;
  seat.pod = muster::FromProto(message.pod());
  seat.uid = PodUid(message.pod().uid());
  seat.role = message.role();
  if (message.has_rank()) seat.rank = message.rank();
  seat.node = NodeName(message.node());
  seat.requests = FromProto(message.requests());
  seat.capacity = CapacityClassNamed(message.capacity()).value_or(CapacityClass::kUnknown);
  return seat;
}

std::optional<Advice::Kind> AdviceKindOf(absl::string_view word) {
  for (const Advice::Kind kind : {Advice::Kind::kCut, Advice::Kind::kRecut, Advice::Kind::kEvict}) {
    if (Word(kind) == word) return kind;
  }
  return std::nullopt;
}

void ToProto(const LeavingMember& member, v1::LeavingMember& message) {
  ToProto(member.pod, PodUid(), *message.mutable_pod());
  message.set_node(member.node.text());
  message.set_signal(member.signal);
  if (member.deadline) message.set_deadline(absl::ToUnixSeconds(*member.deadline));
}

LeavingMember FromProto(const v1::LeavingMember& message) {
  LeavingMember member{muster::FromProto(message.pod()), NodeName(message.node()), message.signal(),
                       std::nullopt};
  if (message.has_deadline()) member.deadline = absl::FromUnixSeconds(message.deadline());
  return member;
}

void ToProto(const Refusal& refusal, v1::Refusal& message) {
  message.set_kind(ToProto(refusal.kind));
  message.set_fits(refusal.fits);
  message.set_of(refusal.of);
  message.set_nodes(refusal.nodes);
  for (const Exclusion& exclusion : refusal.excluded) {
    v1::Exclusion& added = *message.add_excluded();
    added.set_cause(exclusion.cause);
    added.set_nodes(exclusion.nodes);
  }
  message.set_text(refusal.text);
  for (const LevelFit& level : refusal.levels) {
    v1::LevelFit& added = *message.add_levels();
    added.set_level(level.level);
    added.set_fits(level.fits);
    added.set_best(level.best);
    added.set_holding(level.holding);
    added.set_domains(level.domains);
    added.set_cut_short(level.cut_short);
  }
  for (const SliceFit& slice : refusal.slices) {
    v1::SliceFit& added = *message.add_slices();
    added.set_level(slice.level);
    added.set_size(slice.size);
    added.set_fits(slice.fits);
    added.set_of(slice.of);
  }
  message.set_subgroup(refusal.subgroup);
  message.set_would_fit_if(refusal.would_fit_if);
  for (const std::string& note : refusal.notes) message.add_notes(note);
  for (const Advice& advice : refusal.advice) {
    v1::Advice& added = *message.add_advice();
    added.set_kind(std::string(Word(advice.kind)));
    added.set_text(advice.text);
  }
}

absl::StatusOr<Refusal> FromProto(const v1::Refusal& message) {
  const std::optional<Refusal::Kind> kind = FromProto(message.kind());
  if (!kind) return absl::InvalidArgumentError(absl::StrCat("refusal.kind is ", message.kind(), ", unknown"));
  Refusal refusal;
  refusal.kind = *kind;
  refusal.fits = message.fits();
  refusal.of = message.of();
  refusal.nodes = message.nodes();
  for (const v1::Exclusion& exclusion : message.excluded()) {
    refusal.excluded.push_back({exclusion.cause(), exclusion.nodes()});
  }
  refusal.text = message.text();
  for (const v1::LevelFit& level : message.levels()) {
    refusal.levels.push_back(
        {level.level(), level.fits(), level.best(), level.holding(), level.domains(), level.cut_short()});
  }
  for (const v1::SliceFit& slice : message.slices()) {
    refusal.slices.push_back({slice.level(), slice.size(), slice.fits(), slice.of()});
  }
  refusal.subgroup = message.subgroup();
  refusal.would_fit_if = message.would_fit_if();
  refusal.notes.assign(message.notes().begin(), message.notes().end());
  for (const v1::Advice& advice : message.advice()) {
    const std::optional<Advice::Kind> what = AdviceKindOf(advice.kind());
    // Of a newer server there may be others; those are left out.
    if (what.has_value()) refusal.advice.push_back({*what, advice.text()});
  }
  return refusal;
}

}  // namespace

void ToProto(const GangId& gang, v1::GangRef& message) {
  message.set_namespace_(std::string(gang.ns()));
  message.set_name(std::string(gang.name()));
}

void ToProto(const PodName& pod, const PodUid& uid, v1::PodRef& message) {
  message.set_namespace_(std::string(pod.ns()));
  message.set_name(std::string(pod.name()));
  message.set_uid(uid.text());
}

void ToProto(const FilterAnswer& answer, v1::FilterResponse& message) {
  if (const auto* all = std::get_if<PassAll>(&answer)) {
    v1::PassAll& pass = *message.mutable_all();
    for (const absl::string_view name : all->except) pass.add_except(name.data(), name.size());
  } else if (const auto* one = std::get_if<PassOne>(&answer)) {
    message.mutable_one()->set_node(one->node.text());
  } else {
    message.mutable_refused()->set_text(std::get<Refused>(answer).text);
  }
}

void ToProto(const EvictionOption& option, v1::EvictionOption& message) {
  message.set_node(option.node.text());
  for (const PodUid& victim : option.victims) message.add_victim_uids(victim.text());
  message.set_pdb_violations(option.pdb_violations);
}

void ToProto(const GangReport& report, v1::GangReport& message) {
  ToProto(report.gang, *message.mutable_gang());
  message.set_declared_by(report.declared_by);
  for (const std::string& ignored : report.ignored) message.add_ignored(ignored);
  message.set_outcome(ToProto(report.outcome));
  message.set_min_members(report.min_members);
  message.set_members(report.members);
  message.set_bound(report.bound);
  message.set_held(report.held);
  for (const Seat& seat : report.seats) ToProto(seat, *message.add_seats());
  if (report.refusal) ToProto(*report.refusal, *message.mutable_refusal());
  message.set_capacity(report.capacity);
  message.set_hourly_cost(report.hourly_cost);
  message.set_later(report.later);
  message.set_owner(report.owner);
  for (const std::string& line : report.scale_up) message.add_scale_up(line);
  for (const LeavingMember& member : report.leaving) ToProto(member, *message.add_leaving());
  for (const RejectedMember& member : report.rejected) {
    v1::RejectedMember& rejected = *message.add_rejected();
    ToProto(member.pod, PodUid(), *rejected.mutable_pod());
    rejected.set_node(member.node.text());
    rejected.set_reason(member.reason);
  }
  message.set_repair(report.repair);
  for (const std::string& line : report.left_to_scheduler) message.add_left_to_scheduler(line);
}

GangId FromProto(const v1::GangRef& message) { return GangId(message.namespace_(), message.name()); }

PodName FromProto(const v1::PodRef& message) { return PodName(message.namespace_(), message.name()); }

EvictionOption FromProto(const v1::EvictionOption& message) {
  EvictionOption option{NodeName(message.node()), {}, message.pdb_violations()};
  for (const std::string& victim : message.victim_uids()) option.victims.emplace_back(victim);
  return option;
}

absl::StatusOr<FilterAnswer> FromProto(const v1::FilterResponse& message) {
  switch (message.answer_case()) {
    case v1::FilterResponse::kAll:
      return PassAll{{message.all().except().begin(), message.all().except().end()}};
    case v1::FilterResponse::kOne:
      return PassOne{NodeName(message.one().node())};
    case v1::FilterResponse::kRefused:
      return Refused{message.refused().text()};
    default:
      return absl::InvalidArgumentError("answer is unset or unknown");
  }
}

absl::StatusOr<GangReport> FromProto(const v1::GangReport& message) {
  const std::optional<Outcome> outcome = FromProto(message.outcome());
  if (!outcome)
    return absl::InvalidArgumentError(absl::StrCat("outcome is ", message.outcome(), ", unknown"));
  GangReport report;
  report.gang = FromProto(message.gang());
  report.declared_by = message.declared_by();
  report.ignored = {message.ignored().begin(), message.ignored().end()};
  report.outcome = *outcome;
  report.min_members = message.min_members();
  report.members = message.members();
  report.bound = message.bound();
  report.held = message.held();
  for (const v1::Seat& seat : message.seats()) report.seats.push_back(FromProto(seat));
  if (message.has_refusal()) {
    absl::StatusOr<Refusal> refusal = FromProto(message.refusal());
    if (!refusal.ok()) return refusal.status();
    report.refusal = *std::move(refusal);
  }
  report.capacity = message.capacity();
  report.hourly_cost = message.hourly_cost();
  report.later = message.later();
  report.owner = message.owner();
  report.scale_up = {message.scale_up().begin(), message.scale_up().end()};
  for (const v1::LeavingMember& member : message.leaving()) report.leaving.push_back(FromProto(member));
  for (const v1::RejectedMember& member : message.rejected()) {
    report.rejected.push_back({FromProto(member.pod()), NodeName(member.node()), member.reason()});
  }
  report.repair = message.repair();
  report.left_to_scheduler = {message.left_to_scheduler().begin(), message.left_to_scheduler().end()};
  return report;
}

}  // namespace muster
