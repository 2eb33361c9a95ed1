// SPDX-License-Identifier: Apache-2.0
// KubeRay: the head and the workers of a RayCluster are a gang if its label
// ray.io/gang-scheduling-enabled is there; else each pod is on its own. The pod
// that submits a RayJob is no part of it.
//
// Source: KubeRay 1.7 ray-operator, apis/ray/v1, raycluster_types.go:
//         spec.workerGroupSpecs[].{replicas,minReplicas,numOfHosts,suspend},
//         spec.enableInTreeAutoscaling; utils/constant.go: labels
//         ray.io/{cluster,group,worker-group-replica-index,
//         replica-host-index}.
#include <algorithm>
#include <string>

#include "nlohmann/json.hpp"
#include "scheduling/declare/assemble.h"
#include "scheduling/declare/ecosystems.h"
#include "scheduling/declare/label_number.h"
#include "scheduling/declare/pod_group.h"
#include "scheduling/declare/pod_reader.h"
#include "scheduling/declare/topology_fields.h"

namespace muster::declare {
namespace {

constexpr absl::string_view kName = "RayCluster.ray.io";

// The workers that a group has from the start: an autoscaled one begins with its least.
int64_t WorkersOf(const TopologyFields& group, bool autoscaled) {
  const auto number = [&](const char* key, int64_t otherwise) {
    return group.At(key).Present() ? group.NeededNumber(key, 0, kMaxMembers) : otherwise;
  };
  if (group.Flag("suspend")) return 0;
  const int64_t least = number("minReplicas", 0);
  return (autoscaled ? least : number("replicas", least)) * number("numOfHosts", 1);
}

class RayEcosystem : public Ecosystem {
 public:
  absl::string_view name() const override { return kName; }

  std::optional<Membership> Recognise(const PodFacts& pod) const override {
    const auto cluster = pod.labels.find("ray.io/cluster");
    const auto group = pod.labels.find("ray.io/group");
    if (cluster == pod.labels.end() || group == pod.labels.end() || cluster->second.empty()) {
      return std::nullopt;
    }
    Membership membership;
    membership.gang = GangId(pod.ns, cluster->second);
    membership.declared_by = std::string(kName);
    membership.role = group->second;
    membership.needs_object = true;
    PodReader reader(pod, membership.problem);
    membership.block = reader.Number("ray.io/worker-group-replica-index", 0, kMaxMembers - 1).value_or(0);
    membership.rank = ControllerRank(pod);
    return membership;
  }

  std::optional<CustomResource> object() const override {
    return CustomResource{"ray.io", {"v1"}, "rayclusters", "RayCluster"};
  }

  absl::StatusOr<GangDeclaration> Decode(const nlohmann::json& object) const override {
    absl::StatusOr<GangDeclaration> declaration = NamedLike(object, kName);
    if (!declaration.ok()) return declaration;
    std::string problem;
    const TopologyFields root(object, problem);
    declaration->all_or_none =
        root.At("metadata").At("labels").At("ray.io/gang-scheduling-enabled").Present();
    if (!declaration->all_or_none) return declaration;
    const TopologyFields spec = root.At("spec");
    const bool autoscaled = spec.Flag("enableInTreeAutoscaling");
    int64_t members = 1;  // the head
    spec.ForEach("workerGroupSpecs",
                 [&](const TopologyFields& group) { members += WorkersOf(group, autoscaled); });
    declaration->min_members = members;
    if (!autoscaled) declaration->size = members;
    AddProblem(problem, *declaration);
    return declaration;
  }
};

}  // namespace

const Ecosystem& Ray() {
  static const RayEcosystem ecosystem;
  return ecosystem;
}

}  // namespace muster::declare
