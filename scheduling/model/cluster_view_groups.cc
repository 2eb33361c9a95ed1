// SPDX-License-Identifier: Apache-2.0
// Which gang a member is planned with, as groups of gangs come, change and go.
#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "scheduling/model/cluster_view.h"

namespace muster {

const GangId& ClusterView::GangOf(const Pod& pod) const {
  const GangId* group = groups_.empty() ? nullptr : groups_.GroupOf(pod.membership->object_key());
  return group == nullptr ? pod.membership->gang : *group;
}

bool ClusterView::IsInGroup(const Pod& pod) const {
  return pod.membership.has_value() && !groups_.empty() &&
         groups_.GroupOf(pod.membership->object_key()) != nullptr;
}

// The word of the first member that has one: whichever that is, those that
// contradict it are found in the same gang.
GroupLink ClusterView::WordOfMembers(const DeclarationKey& key) const {
  const GangId* group = groups_.GroupOf(key);
  const Members* members = FindMembers(group == nullptr ? key.gang : *group);
  if (members == nullptr) return {};
  const auto* found = members->FindIf([&](const std::shared_ptr<const Pod>& pod) {
    return !pod->membership->group.empty() && pod->membership->object_key() == key;
  });
  return found == nullptr ? GroupLink() : (*found)->membership->group;
}

void ClusterView::Regroup(const DeclarationKey& key, bool members_speak) {
  const GangGroups::Entry* old = groups_.Find(key);
  const GangDeclaration* object = FindDeclaration(key);
  GangGroups::Entry entry;
  if (object != nullptr) entry = {object->group, object->dissolved()};
  if (entry.link.empty() && (members_speak || old != nullptr)) entry.link = WordOfMembers(key);
  if (old == nullptr ? entry.empty() : *old == entry) return;
  const auto gang_of = [&](const DeclarationKey& k) {
    const GangId* group = groups_.GroupOf(k);
    return group == nullptr ? k.gang : *group;
  };
  const std::vector<DeclarationKey> within = groups_.Within(key);
  std::vector<GangId> before;
  before.reserve(within.size());
  for (const DeclarationKey& k : within) before.push_back(gang_of(k));
  groups_.Set(key, std::move(entry));
  std::map<GangId, std::set<DeclarationKey>> moving;
  for (size_t i = 0; i < within.size(); ++i) {
    if (gang_of(within[i]) != before[i]) moving[before[i]].insert(within[i]);
  }
  for (const auto& [from, keys] : moving) Move(from, keys);
}

void ClusterView::Move(const GangId& from, const std::set<DeclarationKey>& keys) {
  const Members* old = gangs_.Find(from);
  if (old == nullptr) return;
  std::map<GangId, std::vector<std::shared_ptr<const Pod>>> leaving;
  old->ForEach([&](const PodName&, const std::shared_ptr<const Pod>& pod) {
    if (keys.contains(pod->membership->object_key())) leaving[GangOf(*pod)].push_back(pod);
  });
  Members rest = *old;
  for (const auto& [to, pods] : leaving) {
    const Members* there = gangs_.Find(to);
    Members next = there == nullptr ? Members{} : *there;
    for (const auto& pod : pods) {
      rest.Erase(pod->name);
      next.Set(pod->name, pod);
      CountMember(-1, from, *pod);
      CountMember(+1, to, *pod);
    }
    gangs_.Set(to, std::move(next));
  }
  if (rest.empty()) {
    gangs_.Erase(from);
  } else {
    gangs_.Set(from, std::move(rest));
  }
}

void ClusterView::RegroupMembers(const Pod* old, const Pod* next) {
  const auto word_of = [](const Pod* pod) {
    const bool speaks = pod != nullptr && pod->membership.has_value() && !pod->membership->group.empty();
    return speaks ? &*pod->membership : nullptr;
  };
  const Membership* before = word_of(old);
  const Membership* after = word_of(next);
  const bool same = before != nullptr && after != nullptr && before->group == after->group &&
                    before->object_key() == after->object_key();
  if (before != nullptr && !same) Regroup(before->object_key(), true);
  if (after == nullptr) return;
  const GangGroups::Entry* entry = groups_.Find(after->object_key());
  if (entry == nullptr || entry->link != after->group) Regroup(after->object_key(), true);
}

}  // namespace muster
