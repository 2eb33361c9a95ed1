// SPDX-License-Identifier: Apache-2.0
#include "scheduling/declare/assemble.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace muster::declare {
namespace {

bool MemberOrder(const std::shared_ptr<const Pod>& a, const std::shared_ptr<const Pod>& b) {
  const auto key = [](const Pod& pod) {
    return std::tuple<const std::string&, int64_t, const PodName&>(
        pod.membership->role, pod.membership->rank.value_or(std::numeric_limits<int64_t>::max()), pod.name);
  };
  return key(*a) < key(*b);
}

std::string Show(const std::optional<int64_t>& number) {
  return number.has_value() ? absl::StrCat(*number) : "none";
}

// What `a` and `b` say differently about their gang; empty if nothing.
std::string Contradiction(const Pod& a, const Pod& b) {
  const auto differ = [&](absl::string_view what, absl::string_view of_a, absl::string_view of_b) {
    return absl::StrFormat("pods %s and %s disagree on %s: %s and %s", a.name.text(), b.name.text(), what,
                           of_a, of_b);
  };
  const Membership& x = *a.membership;
  const Membership& y = *b.membership;
  if (x.declared_by != y.declared_by) return differ("their declaration", x.declared_by, y.declared_by);
  if (x.size != y.size) return differ("the gang's size", Show(x.size), Show(y.size));
  if (x.min_members != y.min_members) {
    return differ("the gang's minimum of members", Show(x.min_members), Show(y.min_members));
  }
  if (x.topology != y.topology) return differ("the gang's topology", "one demand", "another");
  if (a.scheduler_name != b.scheduler_name)
    return differ("schedulerName", a.scheduler_name, b.scheduler_name);
  return "";
}

// Adds the part that `spec` describes, within those that are there already.
// Returns its index; -1, and the gang has a problem, if it can't be added.
int32_t AddSubgroup(const SubgroupSpec& spec, int32_t parent, Gang& gang) {
  for (size_t i = 0; i < gang.subgroups.size(); ++i) {
    const Subgroup& same = gang.subgroups[i];
    if (same.name != spec.name) continue;
    if (same.parent != parent || same.size != spec.size || same.topology != spec.topology) {
      gang.problem = absl::StrCat("pods disagree on subgroup ", spec.name);
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
                            .stage = spec.stage,
                            .topology = spec.topology,
                            .members = {}});
  return static_cast<int32_t>(gang.subgroups.size()) - 1;
}

// Puts every member into the subgroup that it names.
void Divide(Gang& gang) {
  for (size_t m = 0; m < gang.members.size(); ++m) {
    int32_t within = -1;
    for (const SubgroupSpec& spec : gang.members[m]->membership->subgroups) {
      if (!gang.problem.empty()) return;
      within = AddSubgroup(spec, within, gang);
    }
    if (within >= 0) gang.subgroups[static_cast<size_t>(within)].members.push_back(m);
  }
}

void TakeFromObject(const ClusterView& view, const Membership& membership, Gang& gang) {
  const GangDeclaration* object = view.FindDeclaration({membership.declared_by, gang.id});
  if (object == nullptr) {
    if (membership.needs_object) {
      gang.waiting_for = absl::StrCat(membership.declared_by, " ", gang.id.text(), " does not exist yet");
    }
    return;
  }
  gang.all_or_none = object->all_or_none;
  gang.min_members = object->min_members;
  gang.created = object->created;
  if (object->deadline.has_value()) gang.deadline = object->deadline;
  if (object->priority.has_value()) gang.priority = *object->priority;
  if (!object->topology.empty()) gang.topology = object->topology;
  if (!object->problem.empty()) gang.problem = object->problem;
}

}  // namespace

Gang AssembleGang(const ClusterView& view, const GangId& id) {
  Gang gang;
  gang.id = id;
  const ClusterView::Members* members = view.FindMembers(id);
  if (members == nullptr) return gang;
  gang.members.reserve(members->size());
  members->ForEach([&](const PodName&, const std::shared_ptr<const Pod>& pod) {
    if (!pod->deleting) gang.members.push_back(pod);
  });
  if (gang.members.empty()) return gang;
  std::sort(gang.members.begin(), gang.members.end(), MemberOrder);

  const Pod& first = *gang.members.front();
  gang.declared_by = first.membership->declared_by;
  gang.size = first.membership->size;
  gang.min_members = first.membership->min_members.value_or(gang.size.value_or(1));
  gang.deadline = first.membership->deadline;
  gang.topology = first.membership->topology;
  gang.ignored = first.membership->ignored;
  gang.priority = std::numeric_limits<int32_t>::min();
  for (const auto& member : gang.members) {
    gang.priority = std::max(gang.priority, member->priority);
    gang.created = std::min(gang.created, member->created);
    if (gang.problem.empty()) gang.problem = member->membership->problem;
    if (gang.problem.empty()) gang.problem = Contradiction(first, *member);
    if (gang.problem.empty() && member->pending() && !member->shape.unmodelled.empty()) {
      gang.problem = absl::StrCat("pod ", member->name.text(), ": ", member->shape.unmodelled);
    }
  }
  TakeFromObject(view, *first.membership, gang);
  Divide(gang);
  if (gang.problem.empty() && gang.min_members > kMaxMembers) {
    gang.problem = absl::StrFormat("it asks for %d members; the most is %d", gang.min_members, kMaxMembers);
  }
  return gang;
}

}  // namespace muster::declare
