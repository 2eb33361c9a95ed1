// SPDX-License-Identifier: Apache-2.0
// Kubernetes' own PodGroup: spec.schedulingGroup.podGroupName of the pod names
// it, and its scheduling policy is gang (with a minimum) or basic (no gang).
//
// Source: k8s.io/api scheduling/v1beta1 and v1alpha3 of 1.37, v1alpha2 of 1.36,
//         and v1 where a later version serves it:
//         spec.schedulingPolicy.{gang.minCount|basic}, spec.priority.
#include <limits>
#include <string>

#include "nlohmann/json.hpp"
#include "scheduling/declare/assemble.h"
#include "scheduling/declare/ecosystems.h"
#include "scheduling/declare/label_number.h"
#include "scheduling/declare/pod_group.h"

namespace muster::declare {
namespace {

constexpr absl::string_view kName = "PodGroup.scheduling.k8s.io";

bool Has(const nlohmann::json& object, const char* pointer) {
  const nlohmann::json::json_pointer path(pointer);
  return object.contains(path) && !object.at(path).is_null();
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
    absl::StatusOr<GangDeclaration> declaration = NamedLike(object, kName);
    if (!declaration.ok()) return declaration;
    const auto priority = NumberAt(object, "/spec/priority", std::numeric_limits<int32_t>::min(),
                                   std::numeric_limits<int32_t>::max(), *declaration);
    if (priority.has_value()) declaration->priority = static_cast<int32_t>(*priority);
    const auto minimum =
        NumberAt(object, "/spec/schedulingPolicy/gang/minCount", 1, kMaxMembers, *declaration);
    declaration->min_members = minimum.value_or(1);
    if (Has(object, "/spec/schedulingPolicy/gang")) return declaration;
    declaration->all_or_none = false;
    if (!Has(object, "/spec/schedulingPolicy/basic")) {
      declaration->all_or_none = true;
      declaration->problem = "/spec/schedulingPolicy of the PodGroup has neither gang nor basic";
    }
    return declaration;
  }
};

}  // namespace

const Ecosystem& Native() {
  static const NativeEcosystem ecosystem;
  return ecosystem;
}

}  // namespace muster::declare
