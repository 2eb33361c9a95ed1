// SPDX-License-Identifier: Apache-2.0
// KubeRay: the head and the workers of a RayCluster are a gang if its label
// ray.io/gang-scheduling-enabled is there; else each pod is on its own. The pod
// that submits a RayJob is no part of it, nor the one that cleans up after a
// cluster that is deleted. Where a replica has several hosts, it is
// a subgroup of as many, and as many replicas as the cluster begins with must be
// whole. Pods say which replica they are of if the operator's feature gate
// RayMultiHostIndexing is on; without that the numbers of the gang alone count.
//
// Source: github.com/ray-project/kuberay/ray-operator v1.5.0 (checked), apis/ray/v1,
//         raycluster_types.go: spec.workerGroupSpecs[].{groupName,replicas,
//         minReplicas,maxReplicas,numOfHosts,suspend},
//         spec.enableInTreeAutoscaling; controllers/ray/utils, util.go:
//         replicas are kept between minReplicas and maxReplicas, which wins;
//         constant.go: labels ray.io/{cluster,group,node-type,worker-group-replica-index,
//         replica-host-index,gang-scheduling-enabled}.
#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "scheduling/declare/assemble.h"
#include "scheduling/declare/ecosystems.h"
#include "scheduling/declare/label_number.h"
#include "scheduling/declare/object_fields.h"
#include "scheduling/declare/pod_group.h"
#include "scheduling/declare/pod_reader.h"

namespace muster::declare {
namespace {

constexpr absl::string_view kName = "RayCluster.ray.io";

constexpr absl::string_view kHead = "headgroup";  // the group that it is in
constexpr absl::string_view kReplica = "ray.io/worker-group-replica-index";

struct WorkerGroup {
  int64_t replicas = 0;  // that it has from the start: an autoscaled one begins with its least
  int64_t hosts = 1;     // of each

  int64_t workers() const { return replicas * hosts; }
};

WorkerGroup ReadGroup(const ObjectFields& fields, bool autoscaled) {
  const auto number = [&](const char* key, int64_t otherwise, int64_t most = kMaxMembers) {
    return fields.At(key).Present() ? fields.NeededNumber(key, 0, most) : otherwise;
  };
  WorkerGroup group;
  const int64_t least = number("minReplicas", 0);
  const int64_t most = number("maxReplicas", kMaxMembers, std::numeric_limits<int32_t>::max());
  group.replicas = std::min(autoscaled ? least : std::max(least, number("replicas", least)), most);
  group.hosts = number("numOfHosts", 1);
  if (fields.Flag("suspend")) group.replicas = 0;
  return group;
}

// Replicas of several hosts: all of those that are needed, and each of them.
void AddReplicas(const std::string& name, const WorkerGroup& group, GangDeclaration& declaration) {
  if (group.hosts < 2 || group.replicas == 0 || name.empty()) return;
  SubgroupSpec all;
  all.name = all.role = name;
  all.min_members = 0;
  all.min_subgroups = group.replicas;
  all.selector = {{std::string(kReplica), LabelRequirement::Op::kExists, {}}};
  SubgroupSpec each;
  each.name = absl::StrCat(name, "/replica");
  each.parent = all.name;
  each.role = name;
  each.min_members = each.size = group.hosts;
  each.split_by = {std::string(kReplica)};
  declaration.subgroups.push_back(std::move(all));
  declaration.subgroups.push_back(std::move(each));
}

class RayEcosystem : public Ecosystem {
 public:
  absl::string_view name() const override { return kName; }
  absl::string_view controller() const override { return "raycluster"; }

  std::optional<Membership> Recognise(const PodFacts& pod) const override {
    const auto cluster = pod.labels.find("ray.io/cluster");
    const auto group = pod.labels.find("ray.io/group");
    if (cluster == pod.labels.end() || group == pod.labels.end() || cluster->second.empty()) {
      return std::nullopt;
    }
    // It clears what is kept outside of the cluster once head and workers are gone.
    const auto type = pod.labels.find("ray.io/node-type");
    if (type != pod.labels.end() && type->second == "redis-cleanup") return std::nullopt;
    Membership membership;
    membership.gang = GangId(pod.ns, cluster->second);
    membership.declared_by = std::string(kName);
    membership.role = group->second;
    membership.needs_object = true;
    PodReader reader(pod, membership.problem);
    membership.block = reader.Number(kReplica, 0, kMaxMembers - 1).value_or(0);
    membership.rank = ControllerRank(pod);
    return membership;
  }

  std::optional<CustomResource> object() const override {
    return CustomResource{"ray.io", {"v1"}, "rayclusters", "RayCluster"};
  }

  absl::StatusOr<GangDeclaration> Decode(const nlohmann::json& object) const override {
    return DecodeNamed(object, kName, [&](const ObjectFields& root, GangDeclaration& declaration) {
      declaration.all_or_none =
          root.At("metadata").At("labels").At("ray.io/gang-scheduling-enabled").Present();
      if (!declaration.all_or_none) return;
      const ObjectFields spec = root.At("spec");
      const bool autoscaled = spec.Flag("enableInTreeAutoscaling");
      int64_t members = 1;  // the head
      SubgroupSpec head;
      head.name = head.role = std::string(kHead);
      head.min_members = head.size = 1;
      declaration.subgroups.push_back(std::move(head));
      spec.ForEach(
          "workerGroupSpecs",
          [&](const ObjectFields& fields) {
            const WorkerGroup group = ReadGroup(fields, autoscaled);
            members += group.workers();
            AddReplicas(fields.Text("groupName"), group, declaration);
          },
          kMaxSubgroups);
      declaration.min_members = members;
      if (!autoscaled) declaration.size = members;
    });
  }
};

}  // namespace

const Ecosystem& Ray() {
  static const RayEcosystem ecosystem;
  return ecosystem;
}

}  // namespace muster::declare
