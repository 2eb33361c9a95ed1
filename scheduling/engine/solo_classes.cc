// SPDX-License-Identifier: Apache-2.0
// On which capacity classes pods without a gang go.
#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "scheduling/capacity/mix.h"
#include "scheduling/capacity/policy.h"
#include "scheduling/engine/engine.h"
#include "scheduling/plan/feasibility.h"

namespace muster {

CapacityClass Engine::ClassOfNode(const NodeName& node) const {
  const NodeState* state = view_->FindNode(node);
  return state == nullptr ? CapacityClass::kUnknown : ClassOf(options_.capacity.classes, *state->node);
}

Engine::SoloClasses Engine::ClassesOfSolo(const Pod& pod, absl::Time now) const {
  // Where no node says what it is there is nothing to choose.
  if (present_.IsWithin({CapacityClass::kUnknown})) return {{ClassSet::All()}, ""};
  const absl::Duration age = now - pod.created;
  if (pod.capacity.mix.has_value()) {
    const CapacityMix& mix = *pod.capacity.mix;
    const bool kept = NextIsKept(mix, CountMix(pod), MixWeight(mix, pod.shape));
    SoloClasses wanted{{kept ? kKept : kNotKept}, " (muster.dev/capacity-mix)"};
    const bool falls_back = mix.fallback < absl::InfiniteDuration() && age >= mix.fallback;
    if (!mix.strict || falls_back) wanted.tries.push_back(ClassSet::All());
    return wanted;
  }
  const PolicyOptions& policies = options_.capacity.policies;
  const PolicyChoice choice =
      PolicyOf(pod, view_->NamespaceLabels(std::string(pod.name.ns())), policies, view_->IsSparedAlone(pod));
  SoloClasses wanted{ClassesFor(choice), absl::StrCat(" (", choice.because, ")")};
  // Nobody asked for what is derived: it keeps no pod waiting for what there is
  // not, and none for long.
  const bool hard = wanted.tries.back() != ClassSet::All();
  if (choice.derived && hard) {
    const bool gives_way = age >= policies.patience || !AnyNodeOf(wanted.tries.back(), pod.shape);
    if (gives_way) wanted.tries.push_back(ClassSet::All());
  }
  return wanted;
}

bool Engine::AnyNodeOf(ClassSet classes, const PodShape& shape) const {
  return view_->nodes().FindIf([&](const NodeState& state) {
    return state.node != nullptr && classes.Has(ClassOf(options_.capacity.classes, *state.node)) &&
           Eligible(shape, *state.node);
  }) != nullptr;
}

MixCount Engine::CountMix(const Pod& pod) const {
  const CapacityMix& mix = *pod.capacity.mix;
  const WorkloadId workload = WorkloadOf(pod);
  MixCount count;
  const auto add = [&](bool kept, int64_t weight) { (kept ? count.kept : count.other) += weight; };
  if (const ClusterView::Members* members = view_->FindMixed(workload)) {
    members->ForEach([&](const PodName&, const std::shared_ptr<const Pod>& other) {
      if (other->uid == pod.uid || !other->bound() || other->finished() || other->deleting) return;
      add(kKept.Has(ClassOfNode(other->node)), MixWeight(mix, other->shape));
    });
  }
  // Those that were answered and are not bound in the view yet.
  for (const auto& [uid, progress] : progress_) {
    if (uid == pod.uid || progress.mixed_in != workload) continue;
    const std::shared_ptr<const Pod> other = view_->FindPod(progress.seat.pod);
    const bool here = other != nullptr && other->uid == uid;
    if (here && (other->bound() || other->finished() || other->deleting)) continue;
    const bool chosen = !progress.seat.node.empty();
    add(chosen ? kKept.Has(ClassOfNode(progress.seat.node)) : progress.classes.IsWithin(kKept),
        progress.mix_weight);
  }
  return count;
}

void Engine::Answered(const Pod& pod, const NodeName& node, ClassSet classes) {
  Progress progress{Progress::Step::kAnswered, SeatOf(pod, node), node.empty()};
  progress.tenant = TenantOf(pod, options_.tenants);
  if (pod.capacity.mix.has_value()) {
    progress.classes = classes;
    progress.mixed_in = WorkloadOf(pod);
    progress.mix_weight = MixWeight(*pod.capacity.mix, pod.shape);
  }
  progress_.insert_or_assign(pod.uid, std::move(progress));
}

}  // namespace muster
