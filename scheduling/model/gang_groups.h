// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "scheduling/model/ids.h"
#include "scheduling/model/persistent_map.h"

namespace muster {

// How deep gangs and groups may be within each other, the gang itself counted.
inline constexpr size_t kDeepestGroup = 4;
// The most gangs of a group without an object: each of them names all others.
inline constexpr size_t kMostNamedGangs = 100;

// How a gang, or a group, says which group it is a part of.
struct GroupLink {
  std::string field;                     // that says so
  std::optional<DeclarationKey> parent;  // the object of the group that it is directly in
  std::vector<GangId> gangs;             // or, where there is none: all gangs of the group, ascending

  bool empty() const { return !parent.has_value() && gangs.empty(); }
  friend bool operator==(const GroupLink&, const GroupLink&) = default;
};

// Which gangs make one group, by what they say.
//
// A group goes by the id of the outermost object around its gangs, whether
// that exists or not; without any object, by the first id of those named. Those
// in a circle go by the first id in it, so that none of them is taken for whole.
//
// Threads: thread-compatible; a value, cheap to copy and to change.
class GangGroups {
 public:
  struct Entry {
    GroupLink link;
    // Asks nothing of its parts, so that each goes on its own unless there is
    // another group around.
    bool dissolved = false;

    bool empty() const { return link.empty() && !dissolved; }
    friend bool operator==(const Entry&, const Entry&) = default;
  };

  // Replaces what `key` says; an empty entry says nothing.
  void Set(const DeclarationKey& key, Entry entry);
  // Null where nothing is said.
  const Entry* Find(const DeclarationKey& key) const { return entries_.Find(key); }
  bool empty() const { return entries_.empty(); }

  // The id of the group that `key` is a part of; null if it is in none. Valid
  // until the next change.
  const GangId* GroupOf(const DeclarationKey& key) const;
  // Those that are directly in `key`, or name it as a gang of their group, in order.
  std::vector<DeclarationKey> NamedBy(const DeclarationKey& key) const;
  // `key` and all that are within it at whatever depth.
  std::vector<DeclarationKey> Within(const DeclarationKey& key) const;
  // The group of a gang of this id, of whatever ecosystem. Cost: O(all entries).
  const GangId* FindGroupOf(const GangId& gang) const;

 private:
  using Keys = PersistentMap<DeclarationKey, bool>;

  void Index(const DeclarationKey& key, const GroupLink& link, bool add);

  PersistentMap<DeclarationKey, Entry> entries_;
  PersistentMap<DeclarationKey, Keys> named_by_;
};

}  // namespace muster
