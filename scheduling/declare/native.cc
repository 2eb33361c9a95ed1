// SPDX-License-Identifier: Apache-2.0
// Kubernetes' own PodGroup: spec.schedulingGroup.podGroupName of the pod names
// it, and its scheduling policy is gang (with a minimum) or basic (no gang). It
// may be in a CompositePodGroup, and this in another one, each of which needs a
// number of those directly within. Either may ask for one domain of a level.
//
// Source: k8s.io/api scheduling/v1beta1 and v1alpha3 of 1.37, v1alpha2 of 1.36,
//         and v1 where a later version serves it: PodGroup
//         spec.schedulingPolicy.{gang.minCount|basic}, spec.priority,
//         spec.schedulingConstraints.topology[].key,
//         spec.parentCompositePodGroupName; scheduling/v1alpha3 of 1.37,
//         CompositePodGroup: the same, with gang.minGroupCount. As the
//         GangScheduling plugin of kube-scheduler 1.37 has it, basic is a
//         minimum of one where something else holds the group together.
#include <limits>
#include <string>
#include <utility>

#include "nlohmann/json.hpp"
#include "scheduling/declare/assemble.h"
#include "scheduling/declare/ecosystems.h"
#include "scheduling/declare/label_number.h"
#include "scheduling/declare/object_fields.h"
#include "scheduling/declare/pod_group.h"

namespace muster::declare {
namespace {

constexpr absl::string_view kName = "PodGroup.scheduling.k8s.io";
constexpr absl::string_view kComposite = "CompositePodGroup.scheduling.k8s.io";

TopologyDemand ReadTopology(const ObjectFields& spec) {
  TopologyDemand demand;
  const ObjectFields constraints = spec.At("schedulingConstraints");
  constraints.ForEach("topology", [&](const ObjectFields& constraint) {
    if (!demand.required.empty()) constraints.Reject("topology", "one constraint at most");
    demand.required = constraint.NeededText("key");
    demand.said_by.fields = "/spec/schedulingConstraints/topology/0/key";
  });
  return demand;
}

// What both kinds have; the policy has the least number of what is directly within as `minimum`.
absl::StatusOr<GangDeclaration> DecodeGroup(const nlohmann::json& object, absl::string_view kind,
                                            const char* minimum) {
  auto declaration = DecodeNamed(object, kind, [&](const ObjectFields& root, GangDeclaration& declaration) {
    const auto priority = NumberAt(object, "/spec/priority", std::numeric_limits<int32_t>::min(),
                                   std::numeric_limits<int32_t>::max(), declaration);
    if (priority.has_value()) declaration.priority = static_cast<int32_t>(*priority);
    const ObjectFields spec = root.At("spec");
    declaration.topology = ReadTopology(spec);
    const std::string parent = spec.Text("parentCompositePodGroupName");
    if (!parent.empty()) {
      declaration.group.field = "/spec/parentCompositePodGroupName";
      declaration.group.parent = {std::string(kComposite), GangId(declaration.gang.ns(), parent)};
    }
    const ObjectFields policy = spec.At("schedulingPolicy");
    const bool is_gang = policy.At("gang").Present();
    if (!is_gang && !policy.At("basic").Present()) {
      spec.Reject("schedulingPolicy", "gang or basic");
    }
    if (is_gang && policy.At("basic").Present()) spec.Reject("schedulingPolicy", "one of gang and basic");
    if (is_gang) declaration.min_members = policy.At("gang").NeededNumber(minimum, 1, kMaxMembers);
    declaration.all_or_none = is_gang || !declaration.topology.empty();
    NoteIgnored(spec,
                {{"disruptionMode", "Muster evicts no running gang"},
                 {"preemptionPolicy", "Muster evicts no running gang"},
                 {"resourceClaims", "kube-scheduler places what pods claim"}},
                declaration);
  });
  // What makes no sense is refused, not taken for no gang.
  if (declaration.ok() && !declaration->problem.empty()) declaration->all_or_none = true;
  return declaration;
}

class NativeEcosystem : public Ecosystem {
 public:
  absl::string_view name() const override { return kName; }

  std::optional<Membership> Recognise(const PodFacts& pod) const override {
    if (pod.pod_group_name.empty()) return std::nullopt;
    Membership membership;
    membership.gang = GangId(pod.ns, pod.pod_group_name);
    membership.declared_by = std::string(kName);
    membership.rank = ControllerRank(pod);
    membership.needs_object = true;
    return membership;
  }

  std::optional<CustomResource> object() const override {
    return CustomResource{
        "scheduling.k8s.io", {"v1", "v1beta1", "v1alpha3", "v1alpha2"}, "podgroups", "PodGroup"};
  }

  absl::StatusOr<GangDeclaration> Decode(const nlohmann::json& object) const override {
    return DecodeGroup(object, kName, "minCount");
  }
};

// No pod names it: PodGroups do.
class CompositeEcosystem : public Ecosystem {
 public:
  absl::string_view name() const override { return kComposite; }

  std::optional<Membership> Recognise(const PodFacts&) const override { return std::nullopt; }

  std::optional<CustomResource> object() const override {
    return CustomResource{
        "scheduling.k8s.io", {"v1", "v1beta1", "v1alpha3"}, "compositepodgroups", "CompositePodGroup"};
  }

  absl::StatusOr<GangDeclaration> Decode(const nlohmann::json& object) const override {
    auto declaration = DecodeGroup(object, kComposite, "minGroupCount");
    if (declaration.ok()) declaration->min_groups = std::exchange(declaration->min_members, 1);
    return declaration;
  }
};

}  // namespace

const Ecosystem& Native() {
  static const NativeEcosystem ecosystem;
  return ecosystem;
}

const Ecosystem& NativeComposite() {
  static const CompositeEcosystem ecosystem;
  return ecosystem;
}

}  // namespace muster::declare
