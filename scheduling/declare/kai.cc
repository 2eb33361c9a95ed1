// SPDX-License-Identifier: Apache-2.0
// KAI: an annotation on the pod names a PodGroup, which KAI's pod grouper makes;
// its spec has the minimum, a tree of subgroups with minimums of their own, and
// the levels of the topology for the whole and for each subgroup.
//
// Source: KAI 0.17 (not checked against its module): PodGroup
//         scheduling.run.ai/v2alpha2, minMember,
//         minSubGroup, topologyConstraint.{topology,requiredTopologyLevel,
//         preferredTopologyLevel}, subGroups[].{name,parent,minMember,
//         minSubGroup,topologyConstraint}; annotation pod-group-name, label
//         kai.scheduler/subgroup-name.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "scheduling/declare/assemble.h"
#include "scheduling/declare/ecosystems.h"
#include "scheduling/declare/label_number.h"
#include "scheduling/declare/object_fields.h"
#include "scheduling/declare/pod_group.h"

namespace muster::declare {
namespace {

constexpr absl::string_view kName = "PodGroup.scheduling.run.ai";
constexpr absl::string_view kSubgroup = "kai.scheduler/subgroup-name";

TopologyDemand ReadConstraint(const ObjectFields& fields) {
  TopologyDemand demand;
  demand.required = fields.Text("requiredTopologyLevel");
  demand.preferred = fields.Text("preferredTopologyLevel");
  if (demand != TopologyDemand()) demand.topology = fields.Text("topology");
  demand.said_by.fields = "topologyConstraint";
  return demand;
}

std::optional<int64_t> NumberOr(const ObjectFields& fields, const char* key) {
  if (!fields.At(key).Present()) return std::nullopt;
  return fields.NeededNumber(key, 0, kMaxMembers);
}

SubgroupSpec ReadSubgroup(const ObjectFields& fields) {
  SubgroupSpec subgroup;
  subgroup.name = fields.NeededText("name");
  subgroup.parent = fields.Text("parent");
  subgroup.min_members = NumberOr(fields, "minMember").value_or(0);
  subgroup.min_subgroups = NumberOr(fields, "minSubGroup");
  subgroup.topology = ReadConstraint(fields.At("topologyConstraint"));
  subgroup.selector = {{std::string(kSubgroup), LabelRequirement::Op::kIn, {subgroup.name}}};
  return subgroup;
}

// Moves those of `unsorted` whose parent is in `sorted`, or that have none,
// until no more can be: what is left has no parent, or is in a circle.
std::vector<SubgroupSpec> ParentsFirst(std::vector<SubgroupSpec>& unsorted) {
  std::vector<SubgroupSpec> sorted;
  absl::flat_hash_set<std::string> names;
  const auto ready = [&](const SubgroupSpec& spec) {
    return spec.parent.empty() || names.contains(spec.parent);
  };
  for (bool moved = true; moved;) {
    moved = false;
    for (size_t i = 0; i < unsorted.size();) {
      if (!ready(unsorted[i])) {
        ++i;
        continue;
      }
      names.insert(unsorted[i].name);
      sorted.push_back(std::move(unsorted[i]));
      unsorted.erase(unsorted.begin() + static_cast<std::ptrdiff_t>(i));
      moved = true;
    }
  }
  return sorted;
}

// Members name the subgroup that they are directly in; they are in those around it too.
void SelectMembersOfParts(std::vector<SubgroupSpec>& sorted) {
  for (size_t i = sorted.size(); i-- > 0;) {
    for (SubgroupSpec& parent : sorted) {
      if (parent.name != sorted[i].parent) continue;
      std::vector<std::string>& names = parent.selector.front().values;
      const std::vector<std::string>& own = sorted[i].selector.front().values;
      names.insert(names.end(), own.begin(), own.end());
    }
  }
}

void ReadSubgroups(const ObjectFields& spec, GangDeclaration& declaration) {
  std::vector<SubgroupSpec> unsorted;
  spec.ForEach(
      "subGroups", [&](const ObjectFields& fields) { unsorted.push_back(ReadSubgroup(fields)); },
      kMaxSubgroups);
  declaration.subgroups = ParentsFirst(unsorted);
  if (!unsorted.empty()) {
    spec.Reject("subGroups", absl::StrCat("a parent for ", unsorted.front().name, " that exists"));
  }
  for (SubgroupSpec& subgroup : declaration.subgroups) {
    const bool has_parts = std::any_of(declaration.subgroups.begin(), declaration.subgroups.end(),
                                       [&](const auto& other) { return other.parent == subgroup.name; });
    if (!has_parts) subgroup.role = subgroup.name;
  }
  SelectMembersOfParts(declaration.subgroups);
  const std::optional<int64_t> needed = NumberOr(spec, "minSubGroup");
  if (!needed.has_value()) return;
  // The gang itself can't leave a subgroup empty, one around all of them can.
  SubgroupSpec all;
  all.name = "subgroups";
  all.min_subgroups = needed;
  for (SubgroupSpec& subgroup : declaration.subgroups) {
    if (subgroup.parent.empty()) subgroup.parent = all.name;
  }
  declaration.subgroups.insert(declaration.subgroups.begin(), std::move(all));
}

class KaiEcosystem : public Ecosystem {
 public:
  absl::string_view name() const override { return kName; }
  bool ListsRoles() const override { return true; }

  std::optional<Membership> Recognise(const PodFacts& pod) const override {
    const auto group = pod.annotations.find("pod-group-name");
    if (group == pod.annotations.end() || group->second.empty()) return std::nullopt;
    Membership membership;
    membership.gang = GangId(pod.ns, group->second);
    membership.declared_by = std::string(kName);
    membership.needs_object = true;
    const auto subgroup = pod.labels.find(kSubgroup);
    if (subgroup != pod.labels.end()) membership.role = subgroup->second;
    membership.rank = ControllerRank(pod);
    return membership;
  }

  std::optional<CustomResource> object() const override {
    return CustomResource{"scheduling.run.ai", {"v2alpha2"}, "podgroups", "PodGroup"};
  }

  absl::StatusOr<GangDeclaration> Decode(const nlohmann::json& object) const override {
    return DecodeNamed(object, kName, [&](const ObjectFields& root, GangDeclaration& declaration) {
      const ObjectFields spec = root.At("spec");
      declaration.topology = ReadConstraint(spec.At("topologyConstraint"));
      ReadSubgroups(spec, declaration);
      int64_t minimum = NumberOr(spec, "minMember").value_or(0);
      if (minimum == 0 && !spec.At("minSubGroup").Present()) {
        for (const SubgroupSpec& subgroup : declaration.subgroups)
          minimum += subgroup.min_members.value_or(0);
      }
      declaration.min_members = std::max<int64_t>(1, minimum);
      NoteIgnored(spec, {kQueue, kPriorityClass, {"stalenessGracePeriod", "Muster evicts no running gang"}},
                  declaration);
    });
  }
};

}  // namespace

const Ecosystem& Kai() {
  static const KaiEcosystem ecosystem;
  return ecosystem;
}

}  // namespace muster::declare
