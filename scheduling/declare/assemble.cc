// SPDX-License-Identifier: Apache-2.0
#include "scheduling/declare/assemble.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "scheduling/declare/assemble_group.h"
#include "scheduling/declare/assemble_one.h"
#include "scheduling/declare/group_tree.h"
#include "scheduling/declare/label_number.h"
#include "scheduling/model/capacity_wish.h"

namespace muster::declare {
namespace {

// What the namespace says of capacity counts only where somebody can read it.
void MentionNamespace(const ClusterView& view, Gang& gang) {
  constexpr absl::string_view kKey = "muster.dev/capacity";
  const Labels labels = view.NamespaceLabels(std::string(gang.id.ns()));
  const auto label = labels.find(kKey);
  if (label == labels.end() || CapacityPolicyNamed(label->second).has_value()) return;
  gang.ignored.push_back(absl::StrCat(kKey, " of namespace ", gang.id.ns(), " (", Quoted(label->second),
                                      "; want any, spot, on-demand, prefer-spot or prefer-on-demand)"));
}

}  // namespace

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
  Gang gang = in_group ? AssembleGroup(view, id, std::move(pods)) : AssembleOne(view, id, std::move(pods));
  MentionNamespace(view, gang);
  if (in_group) return gang;
  if (gang.problem.empty() && gang.waiting_for.empty() && !gang.members.empty() && !view.groups().empty()) {
    gang.problem = ClaimByOthers(view, gang.members.front()->membership->object_key(), {});
  }
  return gang;
}

}  // namespace muster::declare
