// SPDX-License-Identifier: Apache-2.0
// The coscheduling plugin of kubernetes-sigs/scheduler-plugins: a label on the
// pod names a PodGroup, whose spec has the minimum.
//
// Source: sigs.k8s.io/scheduler-plugins apis/scheduling/v1alpha1, types.go: minMember,
//         scheduleTimeoutSeconds; label scheduling.x-k8s.io/pod-group. As
//         github.com/kubeflow/trainer/v2 v2.0.0 and
//         github.com/ray-project/kuberay/ray-operator v1.5.0 write them (checked).
#include <string>

#include "absl/time/time.h"
#include "nlohmann/json.hpp"
#include "scheduling/declare/assemble.h"
#include "scheduling/declare/ecosystems.h"
#include "scheduling/declare/label_number.h"
#include "scheduling/declare/pod_group.h"

namespace muster::declare {
namespace {

constexpr absl::string_view kName = "PodGroup.scheduling.x-k8s.io";

class SchedulerPluginsEcosystem : public Ecosystem {
 public:
  absl::string_view name() const override { return kName; }

  std::optional<Membership> Recognise(const PodFacts& pod) const override {
    const auto label = pod.labels.find("scheduling.x-k8s.io/pod-group");
    if (label == pod.labels.end() || label->second.empty()) return std::nullopt;
    Membership membership;
    membership.gang = GangId(pod.ns, label->second);
    membership.declared_by = std::string(kName);
    membership.rank = ControllerRank(pod);
    membership.needs_object = true;
    return membership;
  }

  std::optional<CustomResource> object() const override {
    return CustomResource{"scheduling.x-k8s.io", {"v1alpha1"}, "podgroups", "PodGroup"};
  }

  absl::StatusOr<GangDeclaration> Decode(const nlohmann::json& object) const override {
    return DecodeCoscheduling(object, kName);
  }
};

}  // namespace

const Ecosystem& SchedulerPlugins() {
  static const SchedulerPluginsEcosystem ecosystem;
  return ecosystem;
}

}  // namespace muster::declare
