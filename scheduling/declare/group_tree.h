// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "scheduling/declare/assemble_one.h"
#include "scheduling/model/cluster_view.h"
#include "scheduling/model/gang.h"

namespace muster::declare {

// A gang of a group, or a group within it.
struct GroupNode {
  DeclarationKey key;
  int32_t parent = -1;                      // index into GroupTree::nodes; -1: it is the outermost
  const GangDeclaration* object = nullptr;  // null where the members say all
  bool is_gang = true;
  int64_t min_groups = 0;  // of those directly within that must reach their minimum
};

// A group with all that is in it, parents before their parts.
//
// Invariant: where there is no problem, every gang that is known to be in the
//            group is in it, and the first node is what is around all of them;
//            none where the object of the group does not exist.
struct GroupTree {
  std::vector<GroupNode> nodes;
  std::string problem;      // as in Gang
  std::string waiting_for;  // as in Gang
};

using MembersByGang = std::map<DeclarationKey, MemberList>;

// The group of the gangs of `members`, all of which are planned as `id`.
// REQUIRES: there is one at least, and each has members.
GroupTree ReadGroupTree(const ClusterView& view, const GangId& id, const MembersByGang& members);

// Why a gang of a group that its gangs name (or of none) can't be planned: one
// that is not in `group`, which is sorted, has it in its own. Empty if none has.
std::string ClaimByOthers(const ClusterView& view, const DeclarationKey& gang,
                          absl::Span<const GangId> group);

}  // namespace muster::declare
