// SPDX-License-Identifier: Apache-2.0
#include "scheduling/declare/group_tree.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace muster::declare {
namespace {

std::string Named(const DeclarationKey& key) { return absl::StrCat(key.declared_by, " ", key.gang.text()); }

// "FIELD of KIND NAMESPACE/NAME".
std::string FieldOf(const ClusterView& view, const DeclarationKey& key) {
  const GangGroups::Entry* entry = view.groups().Find(key);
  return absl::StrCat(entry == nullptr ? "the group" : entry->link.field, " of ", Named(key));
}

// --- groups that are objects ---

// Adds `key`, at the depth of `depth` within its group, and all that is in it.
void AddWithin(const ClusterView& view, const DeclarationKey& key, int32_t parent, size_t depth,
               GroupTree& tree) {
  const GangDeclaration* object = view.FindDeclaration(key);
  if (!tree.problem.empty()) return;
  if (depth > kDeepestGroup) {
    tree.problem = absl::StrFormat("%s puts it at depth %d of group %s; the most is %d", FieldOf(view, key),
                                   depth, tree.nodes.front().key.gang.text(), kDeepestGroup);
    return;
  }
  if (tree.nodes.size() > kMaxSubgroups) {
    tree.problem = absl::StrFormat("%s has more than %d gangs and groups in it",
                                   Named(tree.nodes.front().key), kMaxSubgroups);
    return;
  }
  const auto index = static_cast<int32_t>(tree.nodes.size());
  const bool is_gang = object != nullptr && !object->min_groups.has_value();
  tree.nodes.push_back({.key = key, .parent = parent, .object = object, .is_gang = is_gang});
  if (object != nullptr && !object->problem.empty() && tree.problem.empty()) tree.problem = object->problem;
  if (is_gang) return;
  if (object != nullptr) tree.nodes.back().min_groups = *object->min_groups;
  for (const DeclarationKey& part : view.groups().NamedBy(key)) {
    AddWithin(view, part, index, depth + 1, tree);
  }
}

// What is wrong with a group that should be the outermost, and says that it is
// in another one.
std::string WhyNotOutermost(const ClusterView& view, const DeclarationKey& group) {
  const GangGroups::Entry* entry = view.groups().Find(group);
  if (entry == nullptr || !entry->link.parent.has_value() || view.groups().GroupOf(group) == nullptr)
    return "";
  DeclarationKey above = group;
  for (size_t step = 0; step <= 4 * kDeepestGroup; ++step) {
    const GangGroups::Entry* next = view.groups().Find(above);
    if (next == nullptr || !next->link.parent.has_value()) break;
    above = *next->link.parent;
    if (above == group) return absl::StrCat(FieldOf(view, group), " leads back to itself");
  }
  return absl::StrFormat("%s puts it deeper in its group than %d, which is the most", FieldOf(view, group),
                         kDeepestGroup);
}

GroupTree ReadTreeOfObjects(const ClusterView& view, const DeclarationKey& group) {
  GroupTree tree;
  tree.problem = WhyNotOutermost(view, group);
  if (!tree.problem.empty()) return tree;
  if (view.FindDeclaration(group) == nullptr) {
    tree.waiting_for = absl::StrCat(Named(group), " does not exist yet");
    return tree;
  }
  AddWithin(view, group, -1, 1, tree);
  return tree;
}

// --- groups that their gangs name ---

// Whether a gang that says nothing of a group has said all that it will.
bool HasSpoken(const ClusterView& view, const DeclarationKey& gang) {
  if (view.FindDeclaration(gang) != nullptr) return true;
  const ClusterView::Members* members = view.FindMembers(gang.gang);
  return members != nullptr && members->FindIf([&](const std::shared_ptr<const Pod>& pod) {
    return !pod->deleting && !pod->membership->needs_object && pod->membership->object_key() == gang;
  }) != nullptr;
}

// That `names` has `named` in its group, and that says otherwise.
std::string Disagreement(const ClusterView& view, const DeclarationKey& names, const DeclarationKey& named) {
  const GangGroups::Entry* other = view.groups().Find(named);
  return absl::StrFormat(
      "%s has %s in it, which %s", FieldOf(view, names), named.gang.text(),
      other == nullptr || other->link.empty() ? "says nothing of a group" : "names another group");
}

void CheckNamed(const ClusterView& view, const MembersByGang& members, const DeclarationKey& gang,
                GroupTree& tree) {
  const DeclarationKey& speaker = members.begin()->first;
  const GangGroups::Entry* entry = view.groups().Find(gang);
  const bool speaks = entry != nullptr && !entry->link.empty();
  if (!speaks && !HasSpoken(view, gang)) {
    tree.waiting_for = absl::StrFormat("gang %s, which is in %s, does not exist yet", gang.gang.text(),
                                       FieldOf(view, speaker));
  } else if (!speaks || entry->link.gangs != view.groups().Find(speaker)->link.gangs) {
    tree.problem = Disagreement(view, speaker, gang);
  } else if (!members.contains(gang)) {
    tree.waiting_for =
        absl::StrFormat("gang %s, which is in %s, has no pods yet", gang.gang.text(), FieldOf(view, speaker));
  }
}

GroupTree ReadNamedGangs(const ClusterView& view, const MembersByGang& members) {
  const DeclarationKey& speaker = members.begin()->first;
  GroupTree tree;
  const std::vector<GangId>& gangs = view.groups().Find(speaker)->link.gangs;
  const auto number = static_cast<int64_t>(gangs.size());
  tree.nodes.push_back({.key = {speaker.declared_by, gangs.front()}, .is_gang = false, .min_groups = number});
  for (const GangId& gang : gangs) {
    const DeclarationKey key{speaker.declared_by, gang};
    tree.nodes.push_back({.key = key, .parent = 0, .object = view.FindDeclaration(key)});
    if (tree.problem.empty()) CheckNamed(view, members, key, tree);
    if (tree.problem.empty()) tree.problem = ClaimByOthers(view, key, gangs);
  }
  return tree;
}

}  // namespace

std::string ClaimByOthers(const ClusterView& view, const DeclarationKey& gang,
                          absl::Span<const GangId> group) {
  for (const DeclarationKey& other : view.groups().NamedBy(gang)) {
    // Another namespace has no say over this gang.
    if (other.gang.ns() != gang.gang.ns() || std::binary_search(group.begin(), group.end(), other.gang))
      continue;
    return Disagreement(view, other, gang);
  }
  return "";
}

GroupTree ReadGroupTree(const ClusterView& view, const GangId& id, const MembersByGang& members) {
  GroupTree tree;
  for (const auto& [key, pods] : members) {
    if (view.groups().GroupOf(key) != nullptr) continue;
    tree.problem = absl::StrCat(Named(key), " and the group of gangs ", id.text(), " have one name");
    return tree;
  }
  DeclarationKey around = members.begin()->first;
  const GangGroups::Entry* entry = view.groups().Find(around);
  if (!entry->link.gangs.empty()) return ReadNamedGangs(view, members);
  while (around.gang != id || around == members.begin()->first) {
    around = *view.groups().Find(around)->link.parent;
  }
  return ReadTreeOfObjects(view, around);
}

}  // namespace muster::declare
