// SPDX-License-Identifier: Apache-2.0
#include "scheduling/engine/solo_policy.h"

#include <memory>

#include "absl/strings/str_cat.h"
#include "scheduling/capacity/policy.h"
#include "scheduling/plan/feasibility.h"

namespace muster {
namespace {

// Whether a node of these classes could take the shape if it had room.
bool AnyNodeOf(const ClusterView& view, ClassSet classes, const PodShape& shape,
               const ClassOptions& options) {
  return view.nodes().FindIf([&](const NodeState& state) {
    return state.node != nullptr && classes.Has(ClassOf(options, *state.node)) &&
           Eligible(shape, *state.node);
  }) != nullptr;
}

}  // namespace

SoloClasses SoloClassesOf(const ClusterView& view, ClassSet present, const Pod& pod, const MixCount& mixed,
                          const CapacityOptions& options, absl::Time now) {
  // Where no node says what it is there is nothing to choose.
  if (present.IsWithin({CapacityClass::kUnknown})) return {{ClassSet::All()}, ""};
  const absl::Duration age = now - pod.created;
  if (pod.capacity.mix.has_value()) {
    const CapacityMix& mix = *pod.capacity.mix;
    const bool kept = NextIsKept(mix, mixed, MixWeight(mix, pod.shape));
    SoloClasses wanted{{kept ? kKept : kNotKept}, " (muster.dev/capacity-mix)"};
    const bool falls_back = mix.fallback < absl::InfiniteDuration() && age >= mix.fallback;
    if (!mix.strict || falls_back) wanted.tries.push_back(ClassSet::All());
    return wanted;
  }
  const PolicyOptions& policies = options.policies;
  const PolicyChoice choice =
      PolicyOf(pod, view.NamespaceLabels(std::string(pod.name.ns())), policies, view.IsSparedAlone(pod));
  SoloClasses wanted{ClassesFor(choice), absl::StrCat(" (", choice.because, ")")};
  // Nobody asked for what is derived: it keeps no pod waiting for what there is
  // not, and none for long.
  const bool hard = wanted.tries.back() != ClassSet::All();
  if (choice.derived && hard) {
    const bool gives_way =
        age >= policies.patience || !AnyNodeOf(view, wanted.tries.back(), pod.shape, options.classes);
    if (gives_way) wanted.tries.push_back(ClassSet::All());
  }
  return wanted;
}

MixCount CountBound(const ClusterView& view, const Pod& pod, const ClassOptions& classes) {
  const CapacityMix& mix = *pod.capacity.mix;
  MixCount count;
  const ClusterView::Members* members = view.FindMixed(WorkloadOf(pod));
  if (members == nullptr) return count;
  members->ForEach([&](const PodName&, const std::shared_ptr<const Pod>& other) {
    if (other->uid == pod.uid || !other->bound() || other->finished() || other->deleting) return;
    const NodeState* state = view.FindNode(other->node);
    const bool kept = state != nullptr && kKept.Has(ClassOf(classes, *state->node));
    (kept ? count.kept : count.other) += MixWeight(mix, other->shape);
  });
  return count;
}

}  // namespace muster
