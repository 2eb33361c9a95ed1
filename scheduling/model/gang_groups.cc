// SPDX-License-Identifier: Apache-2.0
#include "scheduling/model/gang_groups.h"

#include <set>
#include <utility>

namespace muster {
namespace {

// More steps outwards than any group may have; who takes them all is in a
// circle, or in a group that is refused for its depth.
constexpr size_t kMostSteps = 4 * kDeepestGroup;

std::vector<DeclarationKey> KeysOf(const DeclarationKey& key, const GroupLink& link) {
  std::vector<DeclarationKey> keys;
  if (link.parent.has_value()) keys.push_back(*link.parent);
  for (const GangId& gang : link.gangs) {
    if (gang != key.gang) keys.push_back({key.declared_by, gang});
  }
  return keys;
}

}  // namespace

void GangGroups::Index(const DeclarationKey& key, const GroupLink& link, bool add) {
  for (const DeclarationKey& named : KeysOf(key, link)) {
    const Keys* old = named_by_.Find(named);
    Keys next = old == nullptr ? Keys() : *old;
    if (add) {
      next.Set(key, true);
    } else {
      next.Erase(key);
    }
    if (next.empty()) {
      named_by_.Erase(named);
    } else {
      named_by_.Set(named, std::move(next));
    }
  }
}

void GangGroups::Set(const DeclarationKey& key, Entry entry) {
  if (const Entry* old = Find(key)) Index(key, GroupLink(old->link), false);
  if (entry.empty()) {
    entries_.Erase(key);
    return;
  }
  Index(key, entry.link, true);
  entries_.Set(key, std::move(entry));
}

const GangId* GangGroups::GroupOf(const DeclarationKey& key) const {
  const Entry* entry = Find(key);
  if (entry != nullptr && !entry->link.gangs.empty()) return &entry->link.gangs.front();
  const GangId* group = nullptr;
  for (size_t step = 0; entry != nullptr && entry->link.parent.has_value(); ++step) {
    const DeclarationKey& parent = *entry->link.parent;
    entry = Find(parent);
    if (step >= 2 * kMostSteps) break;
    if (step >= kMostSteps) {
      group = group == nullptr || parent.gang < *group || step == kMostSteps ? &parent.gang : group;
    } else if (entry == nullptr || !entry->dissolved) {
      group = &parent.gang;
    }
  }
  return group;
}

std::vector<DeclarationKey> GangGroups::NamedBy(const DeclarationKey& key) const {
  std::vector<DeclarationKey> keys;
  if (const Keys* found = named_by_.Find(key)) {
    found->ForEach([&](const DeclarationKey& by, bool) { keys.push_back(by); });
  }
  return keys;
}

std::vector<DeclarationKey> GangGroups::Within(const DeclarationKey& key) const {
  std::vector<DeclarationKey> within = {key};
  std::set<DeclarationKey> seen = {key};
  for (size_t i = 0; i < within.size(); ++i) {
    for (DeclarationKey& part : NamedBy(DeclarationKey(within[i]))) {
      if (Find(part)->link.parent.has_value() && seen.insert(part).second) within.push_back(std::move(part));
    }
  }
  return within;
}

const GangId* GangGroups::FindGroupOf(const GangId& gang) const {
  const GangId* group = nullptr;
  entries_.ForEach([&](const DeclarationKey& key, const Entry&) {
    if (group == nullptr && key.gang == gang) group = GroupOf(key);
  });
  return group;
}

}  // namespace muster
