// SPDX-License-Identifier: Apache-2.0
#include "scheduling/declare/assemble_group.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "scheduling/declare/group_tree.h"

namespace muster::declare {
namespace {

// One node of the tree with what it comes to.
struct Part {
  Gang gang;            // of a node that is a gang
  bool ran = false;     // it, or something within it
  int64_t minimum = 0;  // of members, as declared: of the fewest parts that suffice
  int64_t needed = 0;   // the same as things are: see GangCount
  int64_t min_children = 0;
  std::vector<size_t> children;
};

// Of a job that was started anew, pods of earlier attempts satisfy nothing.
Gang AssembleAttempt(const ClusterView& view, const GroupNode& node, MemberList members) {
  Gang gang = AssembleOne(view, node.key.gang, members);
  const GangCount count = Count(gang);
  if (count.satisfied == count.living) {
    const auto old =
        std::erase_if(members, [](const auto& pod) { return pod->phase == PodPhase::kSucceeded; });
    if (old > 0) gang = AssembleOne(view, node.key.gang, std::move(members));
  }
  if (gang.members.empty() && node.object != nullptr) {
    gang.min_members = node.object->min_members;
    gang.topology = node.object->topology;
  }
  return gang;
}

int64_t SumOfFewest(std::vector<int64_t> numbers, int64_t count) {
  std::sort(numbers.begin(), numbers.end());
  numbers.resize(std::min(numbers.size(), static_cast<size_t>(count)));
  return std::accumulate(numbers.begin(), numbers.end(), int64_t{0});
}

// How many of the parts must be whole, and how many members that takes.
void CountParts(const std::vector<Part>& parts, int64_t declared, bool group_ran, Part& around) {
  std::vector<int64_t> minimums;
  std::vector<int64_t> needed;
  for (const size_t child : around.children) {
    around.ran |= parts[child].ran;
    minimums.push_back(parts[child].minimum);
    if (parts[child].ran || !group_ran) needed.push_back(parts[child].needed);
  }
  around.minimum = SumOfFewest(minimums, declared);
  around.min_children = declared;
  if (group_ran && around.ran) around.min_children = std::min(declared, static_cast<int64_t>(needed.size()));
  around.needed =
      SumOfFewest(needed, group_ran && around.ran ? static_cast<int64_t>(needed.size()) : declared);
  if (group_ran && !around.ran) around.needed = around.minimum;
}

// The members of every gang, and what they say of the whole.
void AddMembers(const std::vector<Part>& parts, Gang& group) {
  bool sized = true;
  int64_t size = 0;
  group.priority = std::numeric_limits<int32_t>::min();
  for (const Part& part : parts) {
    const Gang& gang = part.gang;
    if (gang.members.empty()) continue;
    group.members.insert(group.members.end(), gang.members.begin(), gang.members.end());
    group.priority = std::max(group.priority, gang.priority);
    group.created = std::min(group.created, gang.created);
    sized = sized && gang.size.has_value();
    size += gang.size.value_or(0);
    if (gang.deadline.has_value())
      group.deadline = std::min(*gang.deadline, group.deadline.value_or(*gang.deadline));
    if (group.repair == RepairPolicy()) group.repair = gang.repair;
    if (group.ignored.empty()) group.ignored = gang.ignored;
    if (group.problem.empty()) group.problem = gang.problem;
    if (group.waiting_for.empty()) group.waiting_for = gang.waiting_for;
    const Pod& first = *group.members.front();
    const Pod& other = *gang.members.front();
    if (group.problem.empty() && first.scheduler_name != other.scheduler_name) {
      group.problem =
          absl::StrFormat("pods %s and %s disagree on schedulerName: %s and %s", first.name.text(),
                          other.name.text(), first.scheduler_name, other.scheduler_name);
    }
  }
  if (sized) group.size = size;
}

// Makes subgroups of the parts.
class Divider {
 public:
  Divider(const GroupTree& tree, const std::vector<Part>& parts, Gang& group)
      : tree_(tree), parts_(parts), group_(group) {}

  // The group itself can't leave a part empty, a subgroup around all of them can.
  void AddAll() {
    const Part& all = parts_.front();
    group_.topology = TopologyOf(0);
    if (all.min_children < static_cast<int64_t>(all.children.size())) {
      Subgroup subgroup{.name = NameOf(0), .size = {}, .topology = {}, .members = {}};
      subgroup.min_subgroups = all.min_children;
      const int32_t around = Add(std::move(subgroup));
      for (const size_t child : all.children) AddNode(child, around);
    } else {
      for (const size_t child : all.children) AddNode(child, -1);
    }
  }

 private:
  void AddGroup(size_t node, int32_t parent) {
    const Part& part = parts_[node];
    const auto children = static_cast<int64_t>(part.children.size());
    const int32_t index = Add({.name = NameOf(node),
                               .parent = parent,
                               .min_subgroups = part.min_children == children ? 0 : part.min_children,
                               .size = {},
                               .topology = TopologyOf(node),
                               .members = {}});
    for (const size_t child : part.children) AddNode(child, index);
  }

  void AddNode(size_t node, int32_t parent) {
    if (!group_.problem.empty()) return;
    if (tree_.nodes[node].is_gang) {
      AddGang(node, parent);
    } else {
      AddGroup(node, parent);
    }
  }

  TopologyDemand TopologyOf(size_t node) const {
    const GangDeclaration* object = tree_.nodes[node].object;
    return object == nullptr ? TopologyDemand() : object->topology;
  }

  int32_t Add(Subgroup subgroup) {
    if (group_.subgroups.size() == kMaxSubgroups && group_.problem.empty()) {
      group_.problem = absl::StrFormat("it has more than %d gangs and subgroups", kMaxSubgroups);
    }
    group_.subgroups.push_back(std::move(subgroup));
    return static_cast<int32_t>(group_.subgroups.size()) - 1;
  }

  std::string NameOf(size_t node) const {
    const GangId& gang = tree_.nodes[node].key.gang;
    return gang.ns() == group_.id.ns() ? std::string(gang.name()) : gang.text();
  }

  void AddGang(size_t node, int32_t parent) {
    const Gang& gang = parts_[node].gang;
    const int32_t own = Add({.name = NameOf(node),
                             .parent = parent,
                             .min_members = gang.min_members,
                             .size = gang.size,
                             .ran = parts_[node].ran,
                             .topology = gang.topology,
                             .members = {}});
    std::vector<bool> deeper(gang.members.size());
    for (const Subgroup& subgroup : gang.subgroups) {
      Subgroup copy = subgroup;
      copy.name = absl::StrCat(NameOf(node), "/", subgroup.name);
      copy.parent = subgroup.parent < 0 ? own : own + 1 + subgroup.parent;
      copy.ran = parts_[node].ran;
      for (size_t& m : copy.members) {
        deeper[m] = true;
        m += members_;
      }
      Add(std::move(copy));
    }
    for (size_t m = 0; m < deeper.size(); ++m) {
      if (!deeper[m]) group_.subgroups[static_cast<size_t>(own)].members.push_back(members_ + m);
    }
    for (const size_t m : gang.early) group_.early.push_back(members_ + m);
    members_ += gang.members.size();
  }

  const GroupTree& tree_;
  const std::vector<Part>& parts_;
  Gang& group_;
  size_t members_ = 0;  // of the gangs that were added
};

std::vector<Part> AssembleParts(const ClusterView& view, const GroupTree& tree, MembersByGang& members) {
  std::vector<Part> parts(tree.nodes.size());
  bool group_ran = false;
  for (size_t n = 0; n < parts.size(); ++n) {
    const GroupNode& node = tree.nodes[n];
    if (node.parent >= 0) parts[static_cast<size_t>(node.parent)].children.push_back(n);
    if (!node.is_gang) continue;
    Part& part = parts[n];
    part.gang = AssembleAttempt(view, node, std::move(members[node.key]));
    const GangCount count = Count(part.gang);
    part.ran = count.ran;
    group_ran |= count.ran;
    part.minimum = part.gang.min_members;
    part.needed = count.needed;
  }
  for (size_t n = parts.size(); n-- > 0;) {
    if (!tree.nodes[n].is_gang) CountParts(parts, tree.nodes[n].min_groups, group_ran, parts[n]);
  }
  return parts;
}

// What can be told of a group whose parts can't be.
void AssembleUndivided(const ClusterView& view, MembersByGang& members, Gang& group) {
  std::vector<Part> parts;
  int64_t minimum = 0;
  for (auto& [key, pods] : members) {
    parts.emplace_back().gang = AssembleOne(view, key.gang, std::move(pods));
    minimum += parts.back().gang.min_members;
  }
  AddMembers(parts, group);
  group.min_members = minimum;
  group.group_needs = minimum;
}

MembersByGang Divided(MemberList pods) {
  MembersByGang members;
  MemberList* last = nullptr;
  for (auto& pod : pods) {
    // Those of one gang mostly follow each other.
    if (last == nullptr || !pod->membership->HasObjectOf(*last->back()->membership)) {
      last = &members[pod->membership->object_key()];
    }
    last->push_back(std::move(pod));
  }
  return members;
}

}  // namespace

Gang AssembleGroup(const ClusterView& view, const GangId& id, MemberList pods) {
  Gang group;
  group.id = id;
  MembersByGang members = Divided(std::move(pods));
  const GroupTree tree = ReadGroupTree(view, id, members);
  group.declared_by =
      tree.nodes.empty() ? members.begin()->first.declared_by : tree.nodes.front().key.declared_by;
  group.problem = tree.problem;
  if (!tree.problem.empty() || tree.nodes.empty()) {
    group.waiting_for = tree.waiting_for;
    AssembleUndivided(view, members, group);
    return group;
  }
  const std::vector<Part> parts = AssembleParts(view, tree, members);
  const Part& all = parts.front();
  AddMembers(parts, group);
  group.min_members = all.minimum;
  group.group_needs = all.needed;
  // Members of a group that was whole once may have done their work and be gone.
  if (group.waiting_for.empty() && !all.ran) group.waiting_for = tree.waiting_for;
  if (const GangDeclaration* object = tree.nodes.front().object) {
    group.created = object->created;
    group.priority = object->priority.value_or(group.priority);
    if (object->deadline.has_value()) group.deadline = object->deadline;
  }
  const auto children = static_cast<int64_t>(all.children.size());
  if (group.waiting_for.empty() && all.min_children > children) {
    group.waiting_for = absl::StrFormat("%s %s has %d of the %d groups that it needs", group.declared_by,
                                        id.text(), children, all.min_children);
  }
  if (group.problem.empty() && group.min_members > kMaxMembers) {
    group.problem = absl::StrFormat("it asks for %d members; the most is %d", group.min_members, kMaxMembers);
  }
  Divider(tree, parts, group).AddAll();
  return group;
}

}  // namespace muster::declare
