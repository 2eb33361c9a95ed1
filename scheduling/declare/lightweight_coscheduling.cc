// SPDX-License-Identifier: Apache-2.0
// The coscheduling plugin of kubernetes-sigs/scheduler-plugins before it had
// PodGroups: labels of the pods alone name the group and its minimum. Koordinator
// still takes them. Its own label, pod-group.scheduling.sigs.k8s.io without
// anything behind it, is another key.
//
// Source: github.com/koordinator-sh/koordinator v1.8.0 (checked), apis/extension,
//         coscheduling.go: labels pod-group.scheduling.sigs.k8s.io/{name,
//         min-available}, deprecated there; scheduler-plugins 0.18 and before.
#include <string>

#include "absl/strings/str_cat.h"
#include "scheduling/declare/assemble.h"
#include "scheduling/declare/ecosystems.h"
#include "scheduling/declare/label_number.h"
#include "scheduling/declare/pod_reader.h"

namespace muster::declare {
namespace {

constexpr absl::string_view kName = "pod-group.scheduling.sigs.k8s.io/name";
constexpr absl::string_view kMinimum = "pod-group.scheduling.sigs.k8s.io/min-available";

class LightweightCoschedulingEcosystem : public Ecosystem {
 public:
  absl::string_view name() const override { return kName; }

  std::optional<Membership> Recognise(const PodFacts& pod) const override {
    const auto label = pod.labels.find(kName);
    if (label == pod.labels.end() || label->second.empty()) return std::nullopt;
    Membership membership;
    membership.gang = GangId(pod.ns, label->second);
    membership.declared_by = std::string(kName);
    PodReader reader(pod, membership.problem);
    membership.min_members = reader.Number(kMinimum, 1, kMaxMembers);
    if (!membership.min_members.has_value()) {
      reader.Problem(absl::StrCat(kName, " needs ", kMinimum, " beside it"));
    }
    membership.rank = ControllerRank(pod);
    return membership;
  }
};

}  // namespace

const Ecosystem& LightweightCoscheduling() {
  static const LightweightCoschedulingEcosystem ecosystem;
  return ecosystem;
}

}  // namespace muster::declare
