// SPDX-License-Identifier: Apache-2.0
#include "scheduling/declare/assemble_one.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "scheduling/declare/divide.h"
#include "scheduling/declare/ecosystems.h"
#include "scheduling/declare/label_number.h"
#include "scheduling/declare/later.h"

namespace muster::declare {
namespace {

bool MemberOrder(const std::shared_ptr<const Pod>& a, const std::shared_ptr<const Pod>& b) {
  const auto key = [](const Pod& pod) {
    const Membership& member = *pod.membership;
    return std::tuple<const std::string&, int64_t, int64_t, const PodName&>(
        member.role, member.block, member.rank.value_or(std::numeric_limits<int64_t>::max()), pod.name);
  };
  return key(*a) < key(*b);
}

std::string Named(const std::string& level) { return level.empty() ? "none" : Quoted(level); }

std::string Layers(const std::vector<SliceDemand>& slices) {
  std::string text;
  for (const SliceDemand& slice : slices) {
    absl::StrAppend(&text, text.empty() ? "" : ", ", slice.size, " per ", Named(slice.level));
  }
  return text.empty() ? "none" : text;
}

// Which field differs first, with both its values.
std::tuple<std::string, std::string, std::string> Difference(const TopologyDemand& a,
                                                             const TopologyDemand& b) {
  const std::pair<const char*, std::string TopologyDemand::*> texts[] = {
      {"required level", &TopologyDemand::required},
      {"preferred level", &TopologyDemand::preferred},
      {"exclusive level", &TopologyDemand::exclusive},
      {"level to spread over", &TopologyDemand::spread},
      {"topology", &TopologyDemand::topology}};
  for (const auto& [what, text] : texts) {
    if (a.*text != b.*text) return {what, Named(a.*text), Named(b.*text)};
  }
  if (a.slices != b.slices) return {"slices", Layers(a.slices), Layers(b.slices)};
  if (a.unconstrained != b.unconstrained) {
    return {"being unconstrained", a.unconstrained ? "true" : "false", b.unconstrained ? "true" : "false"};
  }
  return {"closeness", "one", "another"};
}

std::string Names(const GroupLink& group) {
  if (group.parent.has_value()) return group.parent->gang.text();
  constexpr size_t kShown = 4;
  std::string text;
  for (size_t i = 0; i < group.gangs.size() && i < kShown; ++i) {
    absl::StrAppend(&text, i == 0 ? "" : " ", group.gangs[i].text());
  }
  return group.gangs.empty() ? "none" : group.gangs.size() > kShown ? absl::StrCat(text, " ...") : text;
}

// What `a` and `b` say differently about their gang, which asks for `demand`;
// empty if nothing.
std::string Contradiction(const Pod& a, const Pod& b, const TopologyDemand& demand) {
  const auto differ = [&](absl::string_view what, absl::string_view of_a, absl::string_view of_b) {
    return absl::StrFormat("pods %s and %s disagree on %s: %s and %s", a.name.text(), b.name.text(), what,
                           of_a, of_b);
  };
  const Membership& x = *a.membership;
  const Membership& y = *b.membership;
  if (x.declared_by != y.declared_by) return differ("their declaration", x.declared_by, y.declared_by);
  const auto contradict = [](std::optional<int64_t> p, std::optional<int64_t> q) {
    return p.has_value() && q.has_value() && *p != *q;
  };
  if (contradict(x.size, y.size))
    return differ("the gang's size", absl::StrCat(*x.size), absl::StrCat(*y.size));
  if (contradict(x.min_members, y.min_members)) {
    return differ("the gang's minimum of members", absl::StrCat(*x.min_members),
                  absl::StrCat(*y.min_members));
  }
  if (y.topology != demand && y.topology != TopologyDemand()) {
    const auto [what, of_demand, of_b] = Difference(demand, y.topology);
    return differ(absl::StrCat("the gang's topology, ", what), of_demand, of_b);
  }
  if (x.group != y.group) {
    return differ(x.group.empty() ? y.group.field : x.group.field, Names(x.group), Names(y.group));
  }
  if (a.scheduler_name != b.scheduler_name)
    return differ("schedulerName", a.scheduler_name, b.scheduler_name);
  return "";
}

// What the object of the gang says; the object, or null if there is none.
const GangDeclaration* TakeFromObject(const ClusterView& view, const Membership& membership, Gang& gang) {
  const GangId id = membership.object_id();
  const GangDeclaration* object = view.FindDeclaration({membership.declared_by, id});
  if (object == nullptr) {
    if (membership.needs_object) {
      gang.waiting_for = absl::StrCat(membership.declared_by, " ", id.text(), " does not exist yet");
    }
    return nullptr;
  }
  gang.all_or_none = object->all_or_none;
  // Pods that say their number themselves may be of an older generation.
  if (membership.needs_object) {
    gang.min_members = object->min_members;
    gang.size = object->size;
  }
  gang.created = object->created;
  if (object->deadline.has_value()) gang.deadline = object->deadline;
  if (object->priority.has_value()) gang.priority = *object->priority;
  if (!object->topology.empty()) gang.topology = object->topology;
  gang.ignored.insert(gang.ignored.end(), object->ignored.begin(), object->ignored.end());
  if (!object->problem.empty()) gang.problem = object->problem;
  if (gang.problem.empty() && !membership.group.empty() && !object->group.empty() &&
      membership.group != object->group) {
    gang.problem = absl::StrFormat("%s of %s %s and of its pods name different groups", object->group.field,
                                   membership.declared_by, id.text());
  }
  return object;
}

// A member that asks for nothing agrees with any other.
const TopologyDemand& DemandOfMembers(const Gang& gang) {
  static const auto& none = *new TopologyDemand();
  for (const auto& member : gang.members) {
    if (member->membership->topology != none) return member->membership->topology;
  }
  return none;
}

// The parts that a member declares; not every kind of member knows them.
const std::vector<SubgroupSpec>& PartsOfMembers(const Gang& gang) {
  static const auto& none = *new std::vector<SubgroupSpec>();
  for (const auto& member : gang.members) {
    if (!member->membership->parts.empty()) return member->membership->parts;
  }
  return none;
}

// What the first member says that says something.
RepairPolicy RepairOfMembers(const Gang& gang) {
  for (const auto& member : gang.members) {
    if (member->membership->repair != RepairPolicy()) return member->membership->repair;
  }
  return {};
}

// The parts of the whole gang, as its object or else a member describes them.
const std::vector<SubgroupSpec>& PartsOf(const GangDeclaration* object, const Gang& gang) {
  return object == nullptr || object->subgroups.empty() ? PartsOfMembers(gang) : object->subgroups;
}

bool HasStages(const std::vector<SubgroupSpec>& parts) {
  return std::any_of(parts.begin(), parts.end(), [](const SubgroupSpec& part) { return part.stage > 0; });
}

// The other object that says which of its roles are created after others: one
// for all members that know of any.
const GangDeclaration* StagesObject(const ClusterView& view, const Gang& gang) {
  const DeclarationKey* elsewhere = nullptr;
  for (const auto& member : gang.members) {
    const std::optional<DeclarationKey>& own = member->membership->stages_in;
    if (!own.has_value()) continue;
    if (elsewhere != nullptr && *elsewhere != *own) return nullptr;
    elsewhere = &*own;
  }
  return elsewhere == nullptr ? nullptr : view.FindDeclaration(*elsewhere);
}

// Whether all of `stages`, which are of another object, are of this gang. That
// may be of several: each Job of a JobSet can have a PodGroup.
bool AreOfGang(const GangDeclaration& stages, const Gang& gang) {
  if (stages.declared_by == VolcanoJob().name() || stages.declared_by == LeaderWorkerSet().name())
    return true;
  if (gang.later.count > 0) return true;  // found before, and its minimum counts one stage now
  int64_t members = 0;
  for (const SubgroupSpec& part : stages.subgroups) members += part.parent.empty() ? Needed(part) : 0;
  return gang.min_members >= members;
}

// Which of its roles are created after others, as the other object says, or its
// own, or else a member.
const std::vector<SubgroupSpec>& StagesOf(const GangDeclaration* object,
                                          const std::vector<SubgroupSpec>& parts, const Gang& gang) {
  if (object != nullptr && HasStages(object->subgroups) && AreOfGang(*object, gang)) return object->subgroups;
  return HasStages(parts) ? parts : PartsOfMembers(gang);
}

// The PodGroup of Volcano that LeaderWorkerSet makes has a minimum of one where
// the leader goes first, so that this may start; the group needs its workers all
// the same (sigs.k8s.io/lws v0.8.0, pkg/schedulerprovider, volcano_provider.go).
void CountWorkers(const GangDeclaration& stages, Gang& gang) {
  if (stages.declared_by != LeaderWorkerSet().name() || !HasStages(stages.subgroups)) return;
  if (gang.declared_by == Volcano().name() && gang.min_members == 1) gang.min_members = stages.min_members;
}

// A waiting member of a role that its declaration does not list: it would go
// where there is room beside the others, whatever was meant.
void CheckRoles(const std::vector<SubgroupSpec>& parts, Gang& gang) {
  if (!gang.problem.empty() || parts.empty()) return;
  absl::flat_hash_set<absl::string_view> roles = {""};
  for (const SubgroupSpec& part : parts) {
    roles.insert(part.role);
    roles.insert(part.name);
  }
  for (const auto& member : gang.members) {
    const Membership& membership = *member->membership;
    // One that another declaration gave it is not of this list.
    if (!member->pending() || membership.stages_in.has_value() || roles.contains(membership.role)) continue;
    const auto ecosystems = Ecosystems();
    const bool lists_roles = std::any_of(ecosystems.begin(), ecosystems.end(), [&](const Ecosystem* used) {
      return used->name() == membership.declared_by && used->ListsRoles();
    });
    if (!lists_roles) return;
    gang.problem =
        absl::StrFormat("pod %s is of %s, which is not among the parts that %s %s has", member->name.text(),
                        Quoted(membership.role), membership.declared_by, membership.object_id().text());
    return;
  }
}

// Where only pods list the parts, none of them may have come yet.
void WaitForParts(const std::vector<SubgroupSpec>& parts, Gang& gang) {
  if (!parts.empty() || gang.declared_by != YuniKorn().name() || !gang.problem.empty()) return;
  const bool started = std::any_of(gang.members.begin(), gang.members.end(),
                                   [](const auto& member) { return member->bound(); });
  if (!started) gang.waiting_for = "no pod of it has yunikorn.apache.org/task-groups";
}

// The first number that a member says.
std::optional<int64_t> First(const Gang& gang, std::optional<int64_t> Membership::*number) {
  for (const auto& member : gang.members) {
    if ((*member->membership.*number).has_value()) return *member->membership.*number;
  }
  return std::nullopt;
}

}  // namespace

Gang AssembleOne(const ClusterView& view, const GangId& id, MemberList members) {
  Gang gang;
  gang.id = id;
  gang.members = std::move(members);
  if (gang.members.empty()) return gang;
  std::sort(gang.members.begin(), gang.members.end(), MemberOrder);

  const Pod& first = *gang.members.front();
  gang.declared_by = first.membership->declared_by;
  gang.size = First(gang, &Membership::size);
  gang.min_members = First(gang, &Membership::min_members).value_or(gang.size.value_or(1));
  gang.deadline = first.membership->deadline;
  gang.repair = RepairOfMembers(gang);
  gang.topology = DemandOfMembers(gang);
  gang.ignored = first.membership->ignored;
  gang.priority = std::numeric_limits<int32_t>::min();
  for (const auto& member : gang.members) {
    gang.priority = std::max(gang.priority, member->priority);
    gang.created = std::min(gang.created, member->created);
    if (gang.problem.empty()) gang.problem = member->membership->problem;
    if (gang.problem.empty()) gang.problem = member->capacity.problem;
    if (gang.problem.empty()) gang.problem = Contradiction(first, *member, gang.topology);
    if (gang.problem.empty() && member->pending()) gang.problem = member->shape.gpu_problem;
    if (gang.problem.empty() && member->pending() && !member->shape.unmodelled.empty()) {
      gang.problem = absl::StrCat("pod ", member->name.text(), ": ", member->shape.unmodelled);
    }
  }
  const GangDeclaration* object = TakeFromObject(view, *first.membership, gang);
  const std::vector<SubgroupSpec>& parts = PartsOf(object, gang);
  CheckRoles(parts, gang);
  WaitForParts(parts, gang);
  Divide(parts, gang);
  const GangDeclaration* stages = StagesObject(view, gang);
  if (stages != nullptr && gang.problem.empty()) gang.problem = stages->problem;
  if (stages != nullptr) CountWorkers(*stages, gang);
  CountStages(StagesOf(stages, parts, gang), gang);
  if (gang.problem.empty() && gang.min_members > kMaxMembers) {
    gang.problem = absl::StrFormat("it asks for %d members; the most is %d", gang.min_members, kMaxMembers);
  }
  return gang;
}

Gang AssembleWithLater(const ClusterView& view, const Gang& gang) {
  const GangDeclaration* object = view.FindDeclaration(gang.members.front()->membership->object_key());
  MemberList members = gang.members;
  const std::vector<SubgroupSpec>& stages = StagesOf(StagesObject(view, gang), PartsOf(object, gang), gang);
  for (auto& later : LaterMembers(stages, gang)) members.push_back(std::move(later));
  return AssembleOne(view, gang.id, std::move(members));
}

}  // namespace muster::declare
