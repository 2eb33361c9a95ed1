// SPDX-License-Identifier: Apache-2.0
// JobSet, and what is made of one, such as a TrainJob of Kubeflow Trainer v2: all
// pods of all its Jobs are a gang. How many these are is in the object. Where an
// exclusive topology is asked for, every Job has a domain of its own, and the
// pods of a Job are created once its first has a node.
//
// Source: sigs.k8s.io/jobset v0.11.1 (checked), api/jobset/v1alpha2,
//         jobset_types.go: labels
//         jobset.sigs.k8s.io/{jobset-name,replicatedjob-name,job-index},
//         annotations alpha.jobset.sigs.k8s.io/{exclusive-topology,
//         node-selector}, with the second of which the pods of a Job are
//         created at once; spec.replicatedJobs[].{name,replicas,
//         dependsOn[].{name,status},template.spec.{parallelism,completions,template}},
//         spec.startupPolicy.startupPolicyOrder.
#include <algorithm>
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

constexpr absl::string_view kName = "JobSet.jobset.x-k8s.io";
constexpr absl::string_view kExclusive = "alpha.jobset.sigs.k8s.io/exclusive-topology";
constexpr absl::string_view kNodeSelector = "alpha.jobset.sigs.k8s.io/node-selector";
constexpr absl::string_view kRole = "jobset.sigs.k8s.io/replicatedjob-name";
constexpr absl::string_view kIndex = "batch.kubernetes.io/job-completion-index";

// The pods of the stages that one replicated job makes.
struct ReplicatedJob {
  std::string name;
  int64_t jobs = 0;
  int64_t pods_of_job = 0;
  bool leader_first = false;  // pods of a Job are created once its first has a node
  int32_t stage = 0;
  bool after_end = false;  // its Jobs are created once those of others have ended
  std::string template_at;

  int32_t last_stage() const { return stage + (leader_first ? 1 : 0); }
};

void FindStage(const ObjectFields& fields, bool in_order, const std::vector<ReplicatedJob>& before,
               ReplicatedJob& job) {
  if (in_order && !before.empty()) job.stage = before.back().last_stage() + 1;
  fields.ForEach(
      "dependsOn",
      [&](const ObjectFields& dependency) {
        const std::string name = dependency.NeededText("name");
        bool found = false;
        for (const ReplicatedJob& other : before) {
          if (other.name != name) continue;
          job.stage = std::max(job.stage, other.last_stage() + 1);
          found = true;
        }
        if (!found) dependency.Reject("name", "the name of a replicated job before it");
        job.after_end |= dependency.Text("status") == "Complete";
      },
      kMaxSubgroups);
}

// Whether the annotations let the pods of a Job be created once its first has a node.
bool LeaderFirst(const ObjectFields& annotations) {
  return !annotations.Text(kExclusive).empty() && !annotations.At(kNodeSelector).Present();
}

ReplicatedJob ReadJob(const ObjectFields& fields) {
  const auto number = [](const ObjectFields& of, const char* key, int64_t otherwise) {
    return of.At(key).Present() ? of.NeededNumber(key, 0, kMaxMembers) : otherwise;
  };
  ReplicatedJob job;
  job.name = fields.NeededText("name");
  job.jobs = number(fields, "replicas", 1);
  const ObjectFields spec = fields.At("template").At("spec");
  const int64_t parallelism = number(spec, "parallelism", 1);
  job.pods_of_job = std::min(parallelism, number(spec, "completions", parallelism));
  job.leader_first = LeaderFirst(fields.At("template").At("metadata").At("annotations"));
  return job;
}

void AddParts(const ReplicatedJob& job, GangDeclaration& declaration) {
  SubgroupSpec part;
  part.name = part.role = job.name;
  part.size = job.jobs * job.pods_of_job;
  part.stage = job.stage;
  part.after_end = job.after_end;
  part.like.path = job.template_at;
  declaration.size = *declaration.size + *part.size;
  if (!job.leader_first || job.pods_of_job < 2) return declaration.subgroups.push_back(std::move(part));
  SubgroupSpec followers = part;
  part.name = absl::StrCat(job.name, "/first");
  part.size = job.jobs;
  part.selector = {{std::string(kIndex), LabelRequirement::Op::kIn, {"0"}}};
  followers.name = absl::StrCat(job.name, "/others");
  followers.size = job.jobs * (job.pods_of_job - 1);
  followers.selector = {{std::string(kIndex), LabelRequirement::Op::kNotIn, {"0"}}};
  followers.stage = job.stage + 1;
  declaration.subgroups.push_back(std::move(part));
  declaration.subgroups.push_back(std::move(followers));
}

class JobSetEcosystem : public Ecosystem {
 public:
  absl::string_view name() const override { return kName; }
  absl::string_view controller() const override { return "jobset"; }
  bool ListsRoles() const override { return true; }

  std::optional<Membership> Recognise(const PodFacts& pod) const override {
    const auto set = pod.labels.find("jobset.sigs.k8s.io/jobset-name");
    if (set == pod.labels.end() || set->second.empty()) return std::nullopt;
    Membership membership;
    membership.gang = GangId(pod.ns, set->second);
    membership.declared_by = std::string(kName);
    membership.needs_object = true;
    PodReader reader(pod, membership.problem);
    membership.role = reader.Text(kRole).value_or("");
    membership.block = reader.Number("jobset.sigs.k8s.io/job-index", 0, kMaxMembers - 1).value_or(0);
    membership.rank = ControllerRank(pod);
    if (const auto level = reader.Text(kExclusive)) {
      SubgroupSpec job;
      job.name = absl::StrCat(membership.role, "-", membership.block);
      job.topology.required = job.topology.exclusive = *level;
      job.topology.said_by.fields = std::string(kExclusive);
      membership.subgroups.push_back(std::move(job));
    }
    return membership;
  }

  std::optional<CustomResource> object() const override {
    return CustomResource{"jobset.x-k8s.io", {"v1alpha2"}, "jobsets", "JobSet"};
  }

  absl::StatusOr<GangDeclaration> Decode(const nlohmann::json& object) const override {
    return DecodeNamed(object, kName, [&](const ObjectFields& root, GangDeclaration& declaration) {
      const ObjectFields spec = root.At("spec");
      const ObjectFields annotations = root.At("metadata").At("annotations");
      const bool at_once = annotations.At(kNodeSelector).Present();
      const bool leader_first = LeaderFirst(annotations);
      const bool in_order = spec.At("startupPolicy").Text("startupPolicyOrder") == "InOrder";
      std::vector<ReplicatedJob> jobs;
      spec.ForEach(
          "replicatedJobs",
          [&](const ObjectFields& fields) {
            ReplicatedJob job = ReadJob(fields);
            job.leader_first = !at_once && (job.leader_first || leader_first);
            FindStage(fields, in_order, jobs, job);
            job.template_at = absl::StrCat("/spec/replicatedJobs/", jobs.size(), "/template/spec/template");
            jobs.push_back(std::move(job));
          },
          kMaxSubgroups);
      if (jobs.empty()) spec.Reject("replicatedJobs", "a list of jobs");
      declaration.size = 0;
      for (const ReplicatedJob& job : jobs) AddParts(job, declaration);
      declaration.min_members = std::max<int64_t>(1, *declaration.size);
    });
  }
};

}  // namespace

const Ecosystem& JobSet() {
  static const JobSetEcosystem ecosystem;
  return ecosystem;
}

}  // namespace muster::declare
