// SPDX-License-Identifier: Apache-2.0
// Kubernetes 1.35: spec.workloadRef of the pod names a Workload and one of its
// pod groups, whose policy is gang (with a minimum) or basic (no gang). A replica
// key makes a gang of its own of each replica of the group. 1.36 took the field
// out again, and its Workloads are templates that no pod names.
//
// Source: k8s.io/api v0.35.0 (checked), core/v1, types.go: spec.workloadRef.{name,
//         podGroup,podGroupReplicaKey}; scheduling/v1alpha1, types.go:
//         spec.podGroups[].{name,policy.{gang.minCount|basic}}. Without the field:
//         v0.36.0 and v0.37.2 (checked).
#include <string>
#include <utility>
#include <vector>

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

constexpr absl::string_view kName = "Workload.scheduling.k8s.io";

// Neither part can contain a colon.
std::string NameOf(absl::string_view workload, absl::string_view group) {
  return absl::StrCat(workload, ":", group);
}

void ReadPolicy(const ObjectFields& group, GangDeclaration& declaration) {
  const ObjectFields policy = group.At("policy");
  const ObjectFields gang = policy.At("gang");
  if (gang.Present()) {
    declaration.min_members = gang.NeededNumber("minCount", 1, kMaxMembers);
  } else if (policy.At("basic").Present()) {
    declaration.all_or_none = false;
  } else {
    group.Reject("policy", "gang or basic");
  }
}

class WorkloadRefEcosystem : public Ecosystem {
 public:
  absl::string_view name() const override { return kName; }
  absl::string_view controller() const override { return "workload"; }

  std::optional<Membership> Recognise(const PodFacts& pod) const override {
    const WorkloadReference& ref = pod.workload;
    if (ref.name.empty() && ref.pod_group.empty()) return std::nullopt;
    Membership membership;
    membership.declared_by = std::string(kName);
    membership.needs_object = true;
    membership.object = NameOf(ref.name, ref.pod_group);
    membership.gang = GangId(
        pod.ns, ref.replica_key.empty() ? membership.object : NameOf(membership.object, ref.replica_key));
    membership.rank = ControllerRank(pod);
    PodReader reader(pod, membership.problem);
    if (ref.name.empty()) reader.Problem("/spec/workloadRef/name is missing; want the name of a Workload");
    if (ref.pod_group.empty()) {
      reader.Problem("/spec/workloadRef/podGroup is missing; want the name of a pod group");
    }
    return membership;
  }

  std::optional<CustomResource> object() const override {
    return CustomResource{"scheduling.k8s.io", {"v1alpha1"}, "workloads", "Workload"};
  }

  // One of each pod group.
  absl::StatusOr<std::vector<GangDeclaration>> DecodeAll(const nlohmann::json& object) const override {
    const absl::StatusOr<GangDeclaration> workload = NamedLike(object, kName);
    if (!workload.ok()) return workload.status();
    std::vector<GangDeclaration> declarations;
    std::string problem;
    ObjectFields(object, problem).At("spec").ForEach("podGroups", [&](const ObjectFields& group) {
      GangDeclaration declaration = *workload;
      declaration.gang = GangId(workload->gang.ns(), NameOf(workload->gang.name(), group.NeededText("name")));
      ReadPolicy(group, declaration);
      AddProblem(problem, declaration);
      problem.clear();  // of this group alone
      declarations.push_back(std::move(declaration));
    });
    if (!problem.empty()) {
      return absl::InvalidArgumentError(absl::StrCat(kName, " ", workload->gang.text(), ": ", problem));
    }
    return declarations;
  }
};

}  // namespace

const Ecosystem& WorkloadRef() {
  static const WorkloadRefEcosystem ecosystem;
  return ecosystem;
}

}  // namespace muster::declare
