// SPDX-License-Identifier: Apache-2.0
// The jobs of Kubeflow's training operator and of its MPI operator: all replicas
// of a job are a gang, or as many as its scheduling policy says. The numbers are
// in the job.
//
// Source: github.com/kubeflow/training-operator v1.8.1 (checked; JAXJob came with
//         1.9), kubeflow.org/v1, common_types.go: labels
//         training.kubeflow.org/{job-name,operator-name,replica-type,job-role,
//         replica-index}, spec.<kind>ReplicaSpecs.<type>.replicas,
//         spec.runPolicy.schedulingPolicy.{minAvailable,
//         scheduleTimeoutSeconds}; github.com/kubeflow/mpi-operator v0.8.0
//         (checked), kubeflow.org/v2beta1, types.go: the same and
//         spec.launcherCreationPolicy.
#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/time.h"
#include "nlohmann/json.hpp"
#include "scheduling/declare/assemble.h"
#include "scheduling/declare/ecosystems.h"
#include "scheduling/declare/label_number.h"
#include "scheduling/declare/object_fields.h"
#include "scheduling/declare/pod_group.h"
#include "scheduling/declare/pod_reader.h"

namespace muster::declare {
namespace {

constexpr int64_t kLongestTimeout = 7 * 24 * 3600;

struct JobKind {
  std::string kind;
  std::vector<std::string> versions;
  std::string replicas;                // the field of the spec that has them by type
  std::vector<std::string> operators;  // that make the pods of such a job
};

// Where the launcher of an MPIJob is a worker too (runLauncherAsWorker) it has
// index 0, and worker-0 index 1; ranks are of one role.
std::optional<int64_t> RankInRole(const PodFacts& pod, const std::string& role) {
  const std::optional<int64_t> index = ControllerRank(pod);
  const bool shifted = role == "worker" && index.value_or(0) > 0 &&
                       absl::EndsWith(pod.name, absl::StrCat("-worker-", *index - 1));
  return shifted ? *index - 1 : index;
}

class KubeflowEcosystem : public Ecosystem {
 public:
  explicit KubeflowEcosystem(JobKind kind)
      : kind_(std::move(kind)),
        name_(absl::StrCat(kind_.kind, ".kubeflow.org")),
        controller_(absl::AsciiStrToLower(kind_.kind)) {}

  absl::string_view name() const override { return name_; }
  absl::string_view controller() const override { return controller_; }

  std::optional<Membership> Recognise(const PodFacts& pod) const override {
    const auto job = pod.labels.find("training.kubeflow.org/job-name");
    const auto made_by = pod.labels.find("training.kubeflow.org/operator-name");
    if (job == pod.labels.end() || made_by == pod.labels.end() || job->second.empty()) return std::nullopt;
    if (std::find(kind_.operators.begin(), kind_.operators.end(), made_by->second) == kind_.operators.end()) {
      return std::nullopt;
    }
    Membership membership;
    membership.gang = GangId(pod.ns, job->second);
    membership.declared_by = name_;
    membership.needs_object = true;
    PodReader reader(pod, membership.problem);
    const auto type = reader.Text("training.kubeflow.org/replica-type");
    membership.role = type.has_value() ? *type : reader.Text("training.kubeflow.org/job-role").value_or("");
    membership.rank = RankInRole(pod, membership.role);
    return membership;
  }

  std::optional<CustomResource> object() const override {
    return CustomResource{"kubeflow.org", kind_.versions, absl::StrCat(controller_, "s"), kind_.kind};
  }

  absl::StatusOr<GangDeclaration> Decode(const nlohmann::json& object) const override {
    return DecodeNamed(object, name_, [&](const ObjectFields& root, GangDeclaration& declaration) {
      const ObjectFields spec = root.At("spec");
      const bool launcher_last = spec.Text("launcherCreationPolicy") == "WaitForWorkersReady";
      declaration.size = 0;
      spec.ForEachField(
          kind_.replicas,
          [&](const std::string& type, const ObjectFields& replica) {
            SubgroupSpec part;
            part.name = part.role = absl::AsciiStrToLower(type);
            part.size =
                replica.At("replicas").Present() ? replica.NeededNumber("replicas", 0, kMaxMembers) : 1;
            part.stage = launcher_last && part.role == "launcher" ? 1 : 0;
            part.like.path = absl::StrCat("/spec/", kind_.replicas, "/",
                                          absl::StrReplaceAll(type, {{"~", "~0"}, {"/", "~1"}}), "/template");
            declaration.size = *declaration.size + *part.size;
            declaration.subgroups.push_back(std::move(part));
          },
          kMaxSubgroups);
      if (declaration.subgroups.empty()) spec.Reject(kind_.replicas, "replicas");
      declaration.min_members = std::max<int64_t>(1, *declaration.size);
      const ObjectFields policy = spec.At("runPolicy").At("schedulingPolicy");
      if (policy.At("minAvailable").Present()) {
        declaration.min_members = policy.NeededNumber("minAvailable", 1, declaration.min_members);
      }
      if (policy.At("scheduleTimeoutSeconds").Present()) {
        // 0 stands for no timeout of its own.
        const int64_t timeout = policy.NeededNumber("scheduleTimeoutSeconds", 0, kLongestTimeout);
        if (timeout > 0) declaration.deadline = absl::Seconds(timeout);
      }
    });
  }

 private:
  const JobKind kind_;
  const std::string name_;
  const std::string controller_;
};

}  // namespace

const Ecosystem& PyTorchJob() {
  static const KubeflowEcosystem ecosystem(
      {"PyTorchJob", {"v1"}, "pytorchReplicaSpecs", {"pytorchjob-controller"}});
  return ecosystem;
}

const Ecosystem& TfJob() {
  static const KubeflowEcosystem ecosystem({"TFJob", {"v1"}, "tfReplicaSpecs", {"tfjob-controller"}});
  return ecosystem;
}

const Ecosystem& MpiJob() {
  static const KubeflowEcosystem ecosystem(
      {"MPIJob", {"v2beta1", "v1"}, "mpiReplicaSpecs", {"mpi-operator", "mpijob-controller"}});
  return ecosystem;
}

const Ecosystem& XgBoostJob() {
  static const KubeflowEcosystem ecosystem(
      {"XGBoostJob", {"v1"}, "xgbReplicaSpecs", {"xgboostjob-controller"}});
  return ecosystem;
}

const Ecosystem& PaddleJob() {
  static const KubeflowEcosystem ecosystem(
      {"PaddleJob", {"v1"}, "paddleReplicaSpecs", {"paddlejob-controller"}});
  return ecosystem;
}

const Ecosystem& MxJob() {
  static const KubeflowEcosystem ecosystem({"MXJob", {"v1"}, "mxReplicaSpecs", {"mxjob-controller"}});
  return ecosystem;
}

const Ecosystem& JaxJob() {
  static const KubeflowEcosystem ecosystem({"JAXJob", {"v1"}, "jaxReplicaSpecs", {"jaxjob-controller"}});
  return ecosystem;
}

}  // namespace muster::declare
