// SPDX-License-Identifier: Apache-2.0
// Volcano's annotation for pods of controllers that know nothing of it (Deployment,
// StatefulSet, Job): the pods of one controller are a gang with that minimum.
// Where Volcano's controllers run and make a PodGroup of it, the pods name that,
// and it goes before this.
//
// Source: volcano.sh/apis v1.14.0, scheduling/v1beta1, labels.go: annotation
//         scheduling.volcano.sh/group-min-member.
#include <string>

#include "absl/strings/ascii.h"
#include "scheduling/declare/ecosystems.h"
#include "scheduling/declare/label_number.h"
#include "scheduling/declare/pod_reader.h"

namespace muster::declare {
namespace {

constexpr absl::string_view kName = "scheduling.volcano.sh/group-min-member";

class VolcanoMinMemberEcosystem : public Ecosystem {
 public:
  absl::string_view name() const override { return kName; }
  std::string ControllerOf(const PodFacts& pod) const override {
    return absl::AsciiStrToLower(pod.owner_kind);
  }

  std::optional<Membership> Recognise(const PodFacts& pod) const override {
    if (pod.owner.empty() || !pod.annotations.contains(kName)) return std::nullopt;
    Membership membership;
    membership.gang = GangId(pod.ns, pod.owner);
    membership.declared_by = std::string(kName);
    PodReader reader(pod, membership.problem);
    membership.min_members = reader.Number(kName, 1, kMaxMembers);
    membership.rank = ControllerRank(pod);
    return membership;
  }
};

}  // namespace

const Ecosystem& VolcanoMinMember() {
  static const VolcanoMinMemberEcosystem ecosystem;
  return ecosystem;
}

}  // namespace muster::declare
