// SPDX-License-Identifier: Apache-2.0
// Kueue's groups of plain pods: a label names the group, and an annotation says
// how many pods it has; Kueue admits all or none.
//
// Source: sigs.k8s.io/kueue v0.17.0 (checked), pkg/controller/jobs/pod/constants,
//         constants.go: label kueue.x-k8s.io/pod-group-name, annotation
//         kueue.x-k8s.io/pod-group-total-count; apis/kueue/v1beta2,
//         topology_types.go: label kueue.x-k8s.io/pod-group-pod-index, or the
//         one that annotation kueue.x-k8s.io/pod-group-pod-index-label names.
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "scheduling/declare/assemble.h"
#include "scheduling/declare/ecosystems.h"
#include "scheduling/declare/label_number.h"
#include "scheduling/declare/pod_reader.h"

namespace muster::declare {
namespace {

constexpr absl::string_view kName = "pod-group.kueue.x-k8s.io";
constexpr absl::string_view kCount = "kueue.x-k8s.io/pod-group-total-count";

// Kueue goes without ranks where they make no sense, rather than to refuse.
std::optional<int64_t> Rank(const PodFacts& pod) {
  const auto named = pod.annotations.find("kueue.x-k8s.io/pod-group-pod-index-label");
  const auto label =
      pod.labels.find(named == pod.annotations.end() ? "kueue.x-k8s.io/pod-group-pod-index" : named->second);
  int64_t rank = 0;
  if (label != pod.labels.end() && absl::SimpleAtoi(label->second, &rank) && rank >= 0) return rank;
  return ControllerRank(pod);
}

class KueuePodsEcosystem : public Ecosystem {
 public:
  absl::string_view name() const override { return kName; }
  // Pods that are alike are a pod set, of whatever role.
  bool RolesArePodSets() const override { return false; }

  std::optional<Membership> Recognise(const PodFacts& pod) const override {
    const auto label = pod.labels.find("kueue.x-k8s.io/pod-group-name");
    if (label == pod.labels.end() || label->second.empty()) return std::nullopt;
    Membership membership;
    membership.gang = GangId(pod.ns, label->second);
    membership.declared_by = std::string(kName);
    PodReader reader(pod, membership.problem);
    membership.size = reader.Number(kCount, 1, kMaxMembers);
    if (!membership.size.has_value()) {
      reader.Problem(absl::StrCat("kueue.x-k8s.io/pod-group-name needs ", kCount, " beside it"));
    }
    membership.rank = Rank(pod);
    return membership;
  }
};

}  // namespace

const Ecosystem& KueuePods() {
  static const KueuePodsEcosystem ecosystem;
  return ecosystem;
}

}  // namespace muster::declare
