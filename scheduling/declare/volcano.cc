// SPDX-License-Identifier: Apache-2.0
// Volcano: an annotation on the pod names a PodGroup, which the controllers of
// Volcano and of many operators make; its spec has the minimum of the gang, of
// tasks and of subgroups, and how far these may spread over tiers of HyperNodes.
//
// Source: volcano.sh/apis v1.14.0 (checked), scheduling/v1beta1, types.go:
//         minMember, minTaskMember, networkTopology.{mode,highestTierAllowed,
//         highestTierName}, subGroupPolicy[].{name,subGroupSize,minSubGroups,
//         labelSelector,matchLabelKeys,networkTopology}, where the API server
//         makes a minSubGroups of 0 of none; v1.13.0 (checked) has no
//         highestTierName and no subGroupPolicy. Annotations of the pods
//         scheduling.k8s.io/group-name (or scheduling.volcano.sh/group-name),
//         volcano.sh/task-spec, volcano.sh/task-index; label volcano.sh/job-name.
#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "scheduling/declare/assemble.h"
#include "scheduling/declare/ecosystems.h"
#include "scheduling/declare/label_number.h"
#include "scheduling/declare/label_selector.h"
#include "scheduling/declare/object_fields.h"
#include "scheduling/declare/pod_group.h"
#include "scheduling/declare/pod_reader.h"

namespace muster::declare {
namespace {

constexpr absl::string_view kName = "PodGroup.scheduling.volcano.sh";
constexpr absl::string_view kGroup = "scheduling.k8s.io/group-name";
constexpr absl::string_view kVolcanoGroup = "scheduling.volcano.sh/group-name";
constexpr absl::string_view kTask = "volcano.sh/task-spec";

// The tier that one may spread over as a level; soft means as close as it can be.
TopologyDemand ReadNetworkTopology(const ObjectFields& fields) {
  TopologyDemand demand;
  if (!fields.Present()) return demand;
  const std::string mode = fields.Text("mode");
  const std::string name = fields.Text("highestTierName");
  const bool has_tier = fields.At("highestTierAllowed").Present();
  const int64_t tier =
      has_tier ? fields.NeededNumber("highestTierAllowed", 1, std::numeric_limits<int32_t>::max()) : 0;
  if (mode != "" && mode != "hard" && mode != "soft") fields.Reject("mode", "hard or soft");
  if (!name.empty() && has_tier) fields.Reject("highestTierName", "none beside highestTierAllowed");
  // Hard without a tier limits nothing; Volcano packs such a gang all the same.
  if (mode == "soft" || (name.empty() && !has_tier)) {
    demand.preferred = "tier-1";
    demand.preferred_if_known = true;  // nobody named it, and there may be no HyperNode
  } else {
    demand.required = name.empty() ? absl::StrCat("tier-", tier) : name;
    demand.said_by.fields =
        name.empty() ? "networkTopology/highestTierAllowed" : "networkTopology/highestTierName";
  }
  return demand;
}

// A policy is a part, and each set of values of its label keys one within it.
void ReadPolicy(const ObjectFields& policy, const std::string& name, GangDeclaration& declaration) {
  SubgroupSpec all;
  all.name = name;
  all.selector = ReadLabelSelector(policy.At("labelSelector"));
  // The part of a task holds those of its partitions.
  for (const LabelRequirement& label : all.selector) {
    const bool is_task =
        std::any_of(declaration.subgroups.begin(), declaration.subgroups.end(), [&](const auto& task) {
          return label.key == kTask && label.op == LabelRequirement::Op::kIn && label.values.size() == 1 &&
                 !task.role.empty() && task.role == label.values.front();
        });
    if (is_task) all.parent = label.values.front();
  }
  if (all.name == all.parent) absl::StrAppend(&all.name, "/partitions");
  if (policy.At("minSubGroups").Present()) {
    all.min_subgroups = policy.NeededNumber("minSubGroups", 0, kMaxMembers);
  }
  SubgroupSpec each;
  each.name = name;
  each.parent = all.name;
  if (policy.At("subGroupSize").Present()) {
    each.min_members = policy.NeededNumber("subGroupSize", 1, kMaxMembers);
  }
  each.topology = ReadNetworkTopology(policy.At("networkTopology"));
  policy.ForEach("matchLabelKeys", [&](const ObjectFields& key) { each.split_by.push_back(key.OwnText()); });
  if (each.split_by.empty()) {
    each.parent = all.parent;
    each.selector = std::move(all.selector);
    if (each.name == each.parent) absl::StrAppend(&each.name, "/partition");
  } else {
    declaration.subgroups.push_back(std::move(all));
  }
  declaration.subgroups.push_back(std::move(each));
}

void ReadTasks(const ObjectFields& spec, GangDeclaration& declaration) {
  spec.ForEachField(
      "minTaskMember",
      [&](const std::string& task, const ObjectFields& minimum) {
        SubgroupSpec part;
        part.name = part.role = task;
        part.min_members = minimum.NeededNumber("", 0, kMaxMembers);
        declaration.subgroups.push_back(std::move(part));
      },
      kMaxSubgroups);
}

class VolcanoEcosystem : public Ecosystem {
 public:
  absl::string_view name() const override { return kName; }

  std::optional<Membership> Recognise(const PodFacts& pod) const override {
    auto group = pod.annotations.find(kGroup);
    const auto other = pod.annotations.find(kVolcanoGroup);
    if (group == pod.annotations.end()) group = other;
    if (group == pod.annotations.end() || group->second.empty()) return std::nullopt;
    Membership membership;
    if (other != pod.annotations.end() && other->second != group->second) {
      membership.ignored.push_back(absl::StrCat(kVolcanoGroup, " (", kGroup, " goes before it)"));
    }
    membership.gang = GangId(pod.ns, group->second);
    membership.declared_by = std::string(kName);
    membership.needs_object = true;
    PodReader reader(pod, membership.problem);
    membership.role = reader.Text(kTask).value_or("");
    membership.rank = reader.Number("volcano.sh/task-index", 0, kMaxMembers - 1);
    if (!membership.rank.has_value()) membership.rank = ControllerRank(pod);
    const auto job = pod.labels.find("volcano.sh/job-name");
    if (job != pod.labels.end() && !job->second.empty()) {
      membership.stages_in = {std::string(VolcanoJob().name()), GangId(pod.ns, job->second)};
    }
    return membership;
  }

  std::optional<CustomResource> object() const override {
    return CustomResource{"scheduling.volcano.sh", {"v1beta1"}, "podgroups", "PodGroup"};
  }

  absl::StatusOr<GangDeclaration> Decode(const nlohmann::json& object) const override {
    return DecodeNamed(object, kName, [&](const ObjectFields& root, GangDeclaration& declaration) {
      // Volcano takes no minimum for "each pod as it comes".
      declaration.min_members =
          std::max<int64_t>(1, NumberAt(object, "/spec/minMember", 0, kMaxMembers, declaration).value_or(1));
      const ObjectFields spec = root.At("spec");
      declaration.topology = ReadNetworkTopology(spec.At("networkTopology"));
      ReadTasks(spec, declaration);
      NoteIgnored(spec, {kMinResources, kQueue, kPriorityClass}, declaration);
      size_t number = 0;
      spec.ForEach(
          "subGroupPolicy",
          [&](const ObjectFields& policy) {
            const std::string name = policy.Text("name");
            ReadPolicy(policy, name.empty() ? absl::StrCat("policy-", number) : name, declaration);
            ++number;
          },
          kMaxSubgroups);
    });
  }
};

}  // namespace

const Ecosystem& Volcano() {
  static const VolcanoEcosystem ecosystem;
  return ecosystem;
}

}  // namespace muster::declare
