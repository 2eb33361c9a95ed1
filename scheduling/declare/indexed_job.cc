// SPDX-License-Identifier: Apache-2.0
// A plain Job whose pods have topology annotations of Kueue: the pods that it runs
// at a time are a gang, since a topology is asked for all of them. Without such
// annotations the pods of a Job are on their own.
//
// Source: k8s.io/api v0.37.2 (checked), batch/v1, types.go: label
//         batch.kubernetes.io/job-name, spec.{parallelism,completions};
//         sigs.k8s.io/kueue v0.17.0 (checked), pkg/controller/jobs/job: a podset of
//         min(parallelism, completions), annotation kueue.x-k8s.io/job-min-parallelism.
#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "scheduling/declare/ecosystems.h"
#include "scheduling/declare/label_number.h"
#include "scheduling/declare/object_fields.h"
#include "scheduling/declare/pod_group.h"

namespace muster::declare {
namespace {

constexpr absl::string_view kName = "Job.batch";
constexpr absl::string_view kLabel = "batch.kubernetes.io/job-name";
constexpr absl::string_view kTopology = "kueue.x-k8s.io/podset-";
constexpr absl::string_view kLeast = "kueue.x-k8s.io/job-min-parallelism";

// Jobs that other controllers make are parts of their gangs.
bool IsPartOfAnother(const Labels& labels) {
  return labels.contains("jobset.sigs.k8s.io/jobset-name") ||
         labels.contains("training.kubeflow.org/job-name") || labels.contains("ray.io/cluster");
}

bool AsksForTopology(const Labels& annotations) {
  const auto first = annotations.lower_bound(kTopology);
  return first != annotations.end() && absl::StartsWith(first->first, kTopology);
}

class IndexedJobEcosystem : public Ecosystem {
 public:
  absl::string_view name() const override { return kName; }
  absl::string_view controller() const override { return "job"; }

  std::optional<Membership> Recognise(const PodFacts& pod) const override {
    if (!AsksForTopology(pod.annotations)) return std::nullopt;
    const auto job = pod.labels.find(kLabel);
    if (job == pod.labels.end() || job->second.empty() || IsPartOfAnother(pod.labels)) return std::nullopt;
    Membership membership;
    membership.gang = GangId(pod.ns, job->second);
    membership.declared_by = std::string(kName);
    membership.needs_object = true;
    membership.rank = ControllerRank(pod);
    return membership;
  }

  std::optional<CustomResource> object() const override {
    return CustomResource{"batch", {"v1"}, "jobs", "Job"};
  }

  absl::StatusOr<GangDeclaration> Decode(const nlohmann::json& object) const override {
    return DecodeNamed(object, kName, [&](const ObjectFields& root, GangDeclaration& declaration) {
      const ObjectFields spec = root.At("spec");
      const auto number = [&](const char* key, int64_t otherwise) {
        return spec.At(key).Present() ? spec.NeededNumber(key, 0, kMaxMembers) : otherwise;
      };
      const int64_t parallelism = number("parallelism", 1);
      declaration.min_members =
          std::max<int64_t>(1, std::min(parallelism, number("completions", parallelism)));
      const ObjectFields annotations = root.At("metadata").At("annotations");
      const std::string least = annotations.Text(kLeast);
      int64_t minimum = 0;
      if (least.empty()) return;
      if (!absl::SimpleAtoi(least, &minimum) || minimum < 1 || minimum > declaration.min_members) {
        return annotations.Reject(
            kLeast, absl::StrCat("a whole number from 1 to the parallelism, ", declaration.min_members));
      }
      declaration.min_members = minimum;
    });
  }

  // Other Jobs declare nothing, and come and go often.
  absl::StatusOr<std::vector<GangDeclaration>> DecodeAll(const nlohmann::json& object) const override {
    std::string ignored;
    bool asks = false;
    const ObjectFields root(object, ignored);
    root.At("spec")
        .At("template")
        .At("metadata")
        .ForEachField("annotations", [&](const std::string& key, const ObjectFields&) {
          asks = asks || absl::StartsWith(key, kTopology);
        });
    if (!asks) return std::vector<GangDeclaration>();
    return Ecosystem::DecodeAll(object);
  }
};

}  // namespace

const Ecosystem& IndexedJob() {
  static const IndexedJobEcosystem ecosystem;
  return ecosystem;
}

}  // namespace muster::declare
