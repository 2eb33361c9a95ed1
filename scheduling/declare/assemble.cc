// SPDX-License-Identifier: Apache-2.0
#include "scheduling/declare/assemble.h"

#include <utility>

#include "scheduling/declare/assemble_group.h"
#include "scheduling/declare/assemble_one.h"
#include "scheduling/declare/group_tree.h"

namespace muster::declare {

Gang AssembleGang(const ClusterView& view, const GangId& id) {
  MemberList pods;
  bool in_group = false;
  if (const ClusterView::Members* members = view.FindMembers(id)) {
    pods.reserve(members->size());
    members->ForEach([&](const PodName&, const std::shared_ptr<const Pod>& pod) {
      if (pod->deleting) return;
      // Those of one gang mostly follow each other.
      const bool same = !pods.empty() && pod->membership->HasObjectOf(*pods.back()->membership);
      in_group = in_group || (!same && view.IsInGroup(*pod));
      pods.push_back(pod);
    });
  }
  if (in_group) return AssembleGroup(view, id, std::move(pods));
  Gang gang = AssembleOne(view, id, std::move(pods));
  if (gang.problem.empty() && gang.waiting_for.empty() && !gang.members.empty() && !view.groups().empty()) {
    gang.problem = ClaimByOthers(view, gang.members.front()->membership->object_key(), {});
  }
  return gang;
}

}  // namespace muster::declare
