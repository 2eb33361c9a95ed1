// SPDX-License-Identifier: Apache-2.0
#include "scheduling/declare/divide.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "scheduling/declare/label_number.h"
#include "scheduling/declare/later.h"
#include "scheduling/model/selector.h"

namespace muster::declare {
namespace {

using Chain = std::vector<SubgroupSpec>;  // from the outermost to the one that a member is directly in

SubgroupSpec* FindByName(Chain& chain, const std::string& name) {
  const auto at =
      std::find_if(chain.begin(), chain.end(), [&](const auto& spec) { return spec.name == name; });
  return at == chain.end() ? nullptr : &*at;
}

// The subgroup of `spec` that the pod is in. Requires that it is in one.
SubgroupSpec PartOf(const Pod& pod, SubgroupSpec spec) {
  for (const std::string& key : spec.split_by) absl::StrAppend(&spec.name, "-", pod.labels.at(key));
  return spec;
}

// One that only says how many there will be, and when, needs no part of its own.
bool Demands(const SubgroupSpec& spec) {
  return spec.min_members.has_value() || spec.min_subgroups.has_value() || !spec.split_by.empty() ||
         spec.topology != TopologyDemand();
}

void Merge(const SubgroupSpec& object, SubgroupSpec& own) {
  own.min_members = object.min_members;
  own.min_subgroups = object.min_subgroups;
  own.size = object.size;
  own.stage = object.stage;
  if (own.topology == TopologyDemand()) own.topology = object.topology;
}

// Those that members of this role can be in.
std::vector<const SubgroupSpec*> OfRole(absl::Span<const SubgroupSpec> specs, const std::string& role) {
  std::vector<const SubgroupSpec*> of_role;
  for (const SubgroupSpec& spec : specs) {
    if (spec.role.empty() || spec.role == role) of_role.push_back(&spec);
  }
  return of_role;
}

Chain ChainOf(const Pod& pod, const std::vector<const SubgroupSpec*>& specs, Gang& gang) {
  Chain chain = pod.membership->subgroups;
  std::string within;  // the object's spec that was added last
  for (const SubgroupSpec* of_role : specs) {
    const SubgroupSpec& spec = *of_role;
    if (!IsIn(pod, spec)) continue;
    if (!spec.parent.empty() && spec.parent != within) continue;
    if (spec.parent.empty() && !within.empty()) {
      gang.problem = absl::StrFormat("pod %s is in two of its subgroups, %s and %s", pod.name.text(),
                                     Quoted(within), Quoted(spec.name));
      return {};
    }
    within = spec.name;
    SubgroupSpec part = PartOf(pod, spec);
    if (SubgroupSpec* own = FindByName(chain, part.name)) {
      Merge(part, *own);
    } else if (Demands(spec)) {
      chain.push_back(std::move(part));
    }
  }
  return chain;
}

// Adds the part that `spec` describes, within those that are there already.
// Returns its index; -1, and the gang has a problem, if it can't be added.
int32_t AddSubgroup(const SubgroupSpec& spec, int32_t parent, Gang& gang) {
  const int32_t stage =
      parent < 0 ? spec.stage : std::max(spec.stage, gang.subgroups[static_cast<size_t>(parent)].stage);
  for (size_t i = 0; i < gang.subgroups.size(); ++i) {
    const Subgroup& same = gang.subgroups[i];
    if (same.name != spec.name) continue;
    if (same.parent != parent || same.size != spec.size || same.topology != spec.topology) {
      gang.problem = absl::StrCat("pods disagree on subgroup ", Quoted(spec.name));
    }
    return static_cast<int32_t>(i);
  }
  if (gang.subgroups.size() == kMaxSubgroups) {
    gang.problem = absl::StrFormat("it has more than %d subgroups", kMaxSubgroups);
    return -1;
  }
  gang.subgroups.push_back({.name = spec.name,
                            .parent = parent,
                            .min_members = spec.min_members.value_or(spec.size.value_or(0)),
                            .min_subgroups = spec.min_subgroups.value_or(0),
                            .size = spec.size,
                            .stage = stage,
                            .topology = spec.topology,
                            .members = {}});
  return static_cast<int32_t>(gang.subgroups.size()) - 1;
}

int32_t FindSubgroup(const Gang& gang, const std::string& name) {
  const auto at = std::find_if(gang.subgroups.begin(), gang.subgroups.end(),
                               [&](const Subgroup& subgroup) { return subgroup.name == name; });
  return at == gang.subgroups.end() ? -1 : static_cast<int32_t>(at - gang.subgroups.begin());
}

// The subgroup around `spec`, which is made if it has no members yet; -1: the gang itself.
int32_t Around(const SubgroupSpec& spec, absl::Span<const SubgroupSpec> specs, Gang& gang) {
  if (spec.parent.empty()) return -1;
  const int32_t there = FindSubgroup(gang, spec.parent);
  if (there >= 0) return there;
  const auto parent = std::find_if(specs.begin(), specs.end(),
                                   [&](const SubgroupSpec& other) { return other.name == spec.parent; });
  if (parent == specs.end()) return -1;
  const int32_t outer = Around(*parent, specs, gang);
  return Demands(*parent) && gang.problem.empty() ? AddSubgroup(*parent, outer, gang) : outer;
}

// Adds the roles with a minimum of which there is no member yet: without them
// members of other roles would make up the number that the gang needs.
void AddEmptyRoles(absl::Span<const SubgroupSpec> specs, Gang& gang) {
  for (const SubgroupSpec& spec : specs) {
    const bool must_exist = !spec.role.empty() && spec.split_by.empty() && spec.min_members.value_or(0) > 0;
    if (!must_exist || FindSubgroup(gang, spec.name) >= 0) continue;
    const int32_t parent = Around(spec, specs, gang);
    if (gang.problem.empty()) AddSubgroup(spec, parent, gang);
    if (!gang.problem.empty()) return;
  }
}

// How many members of the stage must be there, and how many are.
struct StageCount {
  int64_t needed = 0;
  bool exists = true;  // the minimum of each of its parts
  bool runs = true;    // or did its work
};

StageCount CountStage(const Gang& gang, absl::Span<const SubgroupSpec> specs, int32_t stage) {
  StageCount count;
  for (const SubgroupSpec& spec : specs) {
    if (spec.stage != stage || !spec.parent.empty()) continue;
    int64_t exist = 0;
    int64_t run = 0;
    for (const size_t m : MembersIn(gang, spec)) {
      const Pod& member = *gang.members[m];
      if (member.phase == PodPhase::kFailed) continue;
      ++exist;
      run += member.bound() || member.finished() ? 1 : 0;
    }
    count.needed += Needed(spec);
    count.exists &= exist >= Needed(spec);
    count.runs &= run >= Needed(spec);
  }
  return count;
}

// How many members the gang needs beside all that will be in its stages.
int64_t OfNoStage(const Gang& gang, absl::Span<const SubgroupSpec> specs) {
  int64_t staged = 0;
  for (const SubgroupSpec& spec : specs) {
    if (spec.parent.empty()) staged += std::max(spec.size.value_or(0), Needed(spec));
  }
  return std::max<int64_t>(0, gang.min_members - staged);
}

}  // namespace

bool IsIn(const Pod& pod, const SubgroupSpec& spec) {
  if (!spec.role.empty() && spec.role != pod.membership->role) return false;
  return std::all_of(spec.selector.begin(), spec.selector.end(),
                     [&](const LabelRequirement& requirement) { return Matches(requirement, pod.labels); }) &&
         std::all_of(spec.split_by.begin(), spec.split_by.end(),
                     [&](const std::string& key) { return pod.labels.contains(key); });
}

std::vector<size_t> MembersIn(const Gang& gang, const SubgroupSpec& spec) {
  auto first = gang.members.begin();
  auto last = gang.members.end();
  if (!spec.role.empty()) {
    first = std::partition_point(first, last,
                                 [&](const auto& member) { return member->membership->role < spec.role; });
    last = std::partition_point(first, last,
                                [&](const auto& member) { return member->membership->role == spec.role; });
  }
  std::vector<size_t> members;
  for (auto member = first; member != last; ++member) {
    if (IsIn(**member, spec)) members.push_back(static_cast<size_t>(member - gang.members.begin()));
  }
  return members;
}

int64_t Needed(const SubgroupSpec& spec) { return spec.min_members.value_or(spec.size.value_or(0)); }

void Divide(absl::Span<const SubgroupSpec> specs, Gang& gang) {
  std::vector<const SubgroupSpec*> of_role;
  for (size_t m = 0; m < gang.members.size(); ++m) {
    const std::string& role = gang.members[m]->membership->role;
    if (m == 0 || role != gang.members[m - 1]->membership->role) of_role = OfRole(specs, role);
    int32_t within = -1;
    for (const SubgroupSpec& spec : ChainOf(*gang.members[m], of_role, gang)) {
      within = AddSubgroup(spec, within, gang);
      if (!gang.problem.empty()) return;
    }
    if (!gang.problem.empty()) return;
    if (within >= 0) gang.subgroups[static_cast<size_t>(within)].members.push_back(m);
  }
  AddEmptyRoles(specs, gang);
}

void CountStages(absl::Span<const SubgroupSpec> specs, Gang& gang) {
  int32_t last = 0;
  for (const SubgroupSpec& spec : specs) last = std::max(last, spec.stage);
  if (last == 0) return;
  StageCount stage = CountStage(gang, specs, 0);
  int64_t needed = stage.needed + OfNoStage(gang, specs);
  int32_t reached = 0;
  while (reached < last) {
    const StageCount next = CountStage(gang, specs, reached + 1);
    if (!stage.runs && !next.exists) break;
    ++reached;
    needed += next.needed;
    stage = next;
  }
  gang.min_members = std::max<int64_t>(1, std::min(gang.min_members, needed));
  for (const SubgroupSpec& spec : specs) {
    if (!spec.parent.empty() || spec.stage >= reached) continue;
    const std::vector<size_t> members = MembersIn(gang, spec);
    gang.early.insert(gang.early.end(), members.begin(), members.end());
  }
  std::sort(gang.early.begin(), gang.early.end());
  gang.early.erase(std::unique(gang.early.begin(), gang.early.end()), gang.early.end());
  for (Subgroup& subgroup : gang.subgroups) {
    const bool waits =
        subgroup.stage > reached || std::any_of(specs.begin(), specs.end(), [&](const auto& spec) {
          return spec.name == subgroup.name && spec.stage > reached;
        });
    if (waits) subgroup.min_members = 0;
  }
  gang.later = CountLater(specs, gang, reached);
}

}  // namespace muster::declare
