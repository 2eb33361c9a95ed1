// SPDX-License-Identifier: Apache-2.0
#include "test/simulation/workload.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "scheduling/model/scale_up.h"
#include "test/simulation/kube_scheduler.h"
#include "test/support/builders.h"

namespace muster::test {
namespace {

constexpr int64_t kTooManyGpus = 1000;

}  // namespace

Workload::Workload(Timeline& timeline, ApiServer& api, const Faults& faults)
    : timeline_(timeline), api_(api), faults_(faults) {
  api_.Listen([this](const Change& change) { Seen(change); });
}

void Workload::BeginGang() {
  GangLife& gang = *gangs_.emplace_back(std::make_unique<GangLife>());
  gang.id = GangId("default", absl::StrCat("g", gangs_.size()));
  gang.began = timeline_.Now();
  by_id_[gang.id] = &gang;
  DrawGang(gang);
  DrawMembers(gang);
  Reconcile(gang);
}

void Workload::DrawGang(GangLife& gang) {
  gang.size = timeline_.Pick(1, 5);
  gang.min = timeline_.Chance(200) ? timeline_.Pick(1, gang.size) : gang.size;
  gang.controller = static_cast<GangLife::Controller>(timeline_.Chance(100) ? 2 : timeline_.Pick(0, 1));
  gang.cleans_up = faults_.finishes_early > 0 && timeline_.Chance(500);
  gang.model = PodOf("", timeline_.Pick(1, 3));
  gang.model.shape.requests.cpu_millis = timeline_.Pick(1, 12) * 1000;
  gang.model.priority = static_cast<int32_t>(timeline_.Chance(200) ? timeline_.Pick(1, 10) : 0);
  gang.model.created = gang.began;
  gang.model.has_controller = gang.controller != GangLife::Controller::kNone;
  if (timeline_.Chance(20)) {
    gang.can_be_placed = false;
    gang.model.shape.requests.Set("nvidia.com/gpu", kTooManyGpus);
  }
  Membership membership;
  membership.gang = gang.id;
  membership.declared_by = "muster.dev";
  membership.size = gang.size;
  membership.min_members = gang.min;
  if (timeline_.Chance(200)) membership.topology.required = "rack";
  if (timeline_.Chance(600)) {
    membership.repair.repair = static_cast<Repair>(timeline_.Pick(0, 2));
    membership.repair.grace = timeline_.Between(absl::Seconds(1), absl::Seconds(20));
  }
  gang.model.membership = membership;
  if (gang.size == gang.min && gang.size >= 4 && timeline_.Chance(300)) gang.subgroups = {2, gang.size - 2};
}

void Workload::DrawMembers(GangLife& gang) {
  gang.gated = timeline_.Chance(200);
  const absl::Duration runs = timeline_.Between(absl::Seconds(1), absl::Seconds(25));
  for (int64_t i = 0; i < gang.size; ++i) {
    GangLife::Member member;
    member.create_at = gang.began + timeline_.Between(absl::ZeroDuration(), absl::Milliseconds(500));
    if (timeline_.Chance(faults_.quota_refuses))
      member.create_at += timeline_.Between(absl::Seconds(1), absl::Seconds(90));
    member.runs =
        timeline_.Chance(faults_.finishes_early) ? absl::Milliseconds(timeline_.Pick(1, 500)) : runs;
    gang.members.push_back(member);
  }
  if (gang.can_be_placed && gang.min == gang.size && timeline_.Chance(20)) {
    gang.can_be_placed = false;
    gang.members.back().create_at = absl::InfiniteFuture();
  }
}

void Workload::BeginSingle() {
  const bool outsider = faults_.outsiders && timeline_.Chance(600);
  Pod pod =
      PodOf(absl::StrCat(outsider ? std::string(kOutsider) : "single-", ++singles_), timeline_.Pick(0, 2));
  pod.uid = PodUid(absl::StrCat("u", ++uids_));
  pod.created = timeline_.Now();
  pod.shape.requests.cpu_millis = timeline_.Pick(4, 24) * 1000;
  pod.priority = static_cast<int32_t>(outsider && timeline_.Chance(300) ? 100 : timeline_.Pick(0, 3));
  api_.Put(std::move(pod));
}

GangLife* Workload::Find(const Pod& pod) {
  if (!pod.membership.has_value()) return nullptr;
  const auto at = by_id_.find(pod.membership->gang);
  return at == by_id_.end() ? nullptr : at->second;
}

GangLife* Workload::Find(const PodName& pod) {
  const auto at = member_of_.find(pod);
  return at == member_of_.end() ? nullptr : at->second.first;
}

absl::Duration Workload::RunTime(const Pod& pod) {
  const auto at = member_of_.find(pod.name);
  if (at == member_of_.end()) return timeline_.Between(absl::Seconds(2), absl::Seconds(20));
  return at->second.first->members[at->second.second].runs;
}

bool Workload::MayEnd(const Pod& pod) const {
  const auto at = member_of_.find(pod.name);
  return at == member_of_.end() || at->second.first->was_whole;
}

void Workload::Seen(const Change& change) {
  if (const auto* name = std::get_if<PodName>(&change.object)) {
    const auto at = member_of_.find(*name);
    if (at != member_of_.end()) ReconcileSoon(*at->second.first);
  } else if (const auto* pod = std::get_if<std::shared_ptr<const Pod>>(&change.object)) {
    SeenPod(**pod);
  }
}

void Workload::SeenPod(const Pod& pod) {
  const auto at = member_of_.find(pod.name);
  if (at == member_of_.end()) {
    if (pod.finished()) timeline_.After(absl::Seconds(1), [this, name = pod.name] { api_.Remove(name); });
    return;
  }
  auto& [gang, number] = at->second;
  if (pod.phase == PodPhase::kSucceeded) gang->members[number].done = true;
  if (pod.finished() || pod.deleting) ReconcileSoon(*gang);
}

void Workload::ReconcileSoon(GangLife& gang) {
  timeline_.After(timeline_.Between(absl::Milliseconds(5), absl::Milliseconds(300)),
                  [this, &gang] { Reconcile(gang); });
}

void Workload::Reconcile(GangLife& gang) {
  if (gang.ended) return;
  const bool all_done =
      std::all_of(gang.members.begin(), gang.members.end(), [](const auto& m) { return m.done; });
  if (all_done) return End(gang);
  gang.lost_for_ever |= NothingSaysThatItRan(gang);
  if (gang.lost_for_ever) return;
  for (size_t i = 0; i < gang.members.size(); ++i) ReconcileMember(gang, i);
}

void Workload::ReconcileMember(GangLife& gang, size_t number) {
  GangLife::Member& member = gang.members[number];
  const std::shared_ptr<const Pod> pod = member.pods == 0 ? nullptr : api_.truth().FindPod(member.pod);
  if (member.done) {
    // Cleaned up as soon as it finished, or with the gang.
    if (pod != nullptr && gang.cleans_up && AnyRuns(gang, false)) api_.Remove(member.pod);
    return;
  }
  if (member.create_at > timeline_.Now()) {
    if (member.create_at == absl::InfiniteFuture()) return;
    timeline_.After(member.create_at - timeline_.Now(), [this, &gang] { Reconcile(gang); });
    return;
  }
  const bool lives = pod != nullptr && !pod->finished() &&
                     !(pod->deleting && gang.controller == GangLife::Controller::kNewName);
  if (lives) return;
  if (member.pods > 0 && gang.controller == GangLife::Controller::kNone) {
    gang.lost_for_ever = true;
    return;
  }
  if (pod != nullptr && gang.controller == GangLife::Controller::kKeepsName) api_.Remove(member.pod);
  CreatePod(gang, number);
}

bool Workload::AnyRuns(const GangLife& gang, bool or_succeeded) const {
  return std::any_of(gang.members.begin(), gang.members.end(), [&](const GangLife::Member& member) {
    const auto pod = member.pods == 0 ? nullptr : api_.truth().FindPod(member.pod);
    return pod != nullptr && !pod->deleting && pod->bound() &&
           (pod->phase == PodPhase::kRunning || (or_succeeded && pod->phase == PodPhase::kSucceeded));
  });
}

bool Workload::NothingSaysThatItRan(const GangLife& gang) const {
  const auto left =
      std::count_if(gang.members.begin(), gang.members.end(), [](const auto& m) { return !m.done; });
  return gang.was_whole && left < gang.min && !AnyRuns(gang, true);
}

void Workload::CreatePod(GangLife& gang, size_t number) {
  GangLife::Member& member = gang.members[number];
  const bool new_name = gang.controller == GangLife::Controller::kNewName;
  Pod pod = gang.model;
  pod.name = PodName(
      "default", absl::StrCat(gang.id.name(), "-", number, new_name ? absl::StrCat("-", member.pods) : ""));
  pod.uid = PodUid(absl::StrCat("u", ++uids_));
  pod.membership->rank = static_cast<int64_t>(number);
  if (!gang.subgroups.empty()) {
    const bool first = static_cast<int64_t>(number) < gang.subgroups[0];
    SubgroupSpec spec;
    spec.name = std::string(1, first ? 'a' : 'b');
    spec.size = spec.min_members = gang.subgroups[first ? 0 : 1];
    pod.membership->subgroups.push_back(spec);
  }
  if (gang.gated) pod.gates = {std::string(kOwnGate)};
  ++member.pods;
  member.pod = pod.name;
  member_of_[pod.name] = {&gang, number};
  if (timeline_.Chance(faults_.admission_refuses)) {
    api_.RefuseBinding(pod.name, timeline_.Between(absl::Seconds(1), absl::Minutes(5)));
  }
  api_.Put(std::move(pod));
}

void Workload::End(GangLife& gang) {
  gang.ended = true;
  ++ended_;
  if (timeline_.tracing()) timeline_.Note(absl::StrCat("gang ", gang.id.text(), " ends"));
  std::vector<PodName> left;
  if (const auto* members = api_.truth().FindMembers(gang.id)) {
    members->ForEach([&](const PodName& name, const auto&) { left.push_back(name); });
  }
  for (const PodName& name : left) api_.Delete(name);
}

void Workload::DeleteSomePod() {
  if (gangs_.empty()) return;
  const GangLife& gang =
      *gangs_[static_cast<size_t>(timeline_.Pick(0, static_cast<int64_t>(gangs_.size()) - 1))];
  if (gang.ended) return;
  const auto& member = gang.members[static_cast<size_t>(timeline_.Pick(0, gang.size - 1))];
  if (member.pods > 0 && !member.done) api_.Delete(member.pod);
}

void Workload::GiveUpHopeless() {
  GiveUpLost();
  for (const auto& gang : gangs_) {
    if (!gang->ended && !gang->can_be_placed && timeline_.Now() - gang->began > absl::Minutes(1)) End(*gang);
  }
}

void Workload::GiveUpLost() {
  for (const auto& gang : gangs_) {
    if (!gang->ended && gang->lost_for_ever && timeline_.Now() - gang->began > absl::Minutes(1)) End(*gang);
  }
}

bool Workload::AllEnded() const {
  return std::all_of(gangs_.begin(), gangs_.end(),
                     [](const auto& gang) { return gang->ended || !gang->can_be_placed; });
}

}  // namespace muster::test
