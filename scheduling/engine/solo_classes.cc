// SPDX-License-Identifier: Apache-2.0
// What pods without a gang were answered, as far as their classes depend on it.
#include <memory>
#include <utility>

#include "scheduling/capacity/mix.h"
#include "scheduling/engine/engine.h"
#include "scheduling/engine/solo_policy.h"

namespace muster {

CapacityClass Engine::ClassOfNode(const NodeName& node) const {
  const NodeState* state = view_->FindNode(node);
  return state == nullptr ? CapacityClass::kUnknown : ClassOf(options_.capacity.classes, *state->node);
}

SoloClasses Engine::ClassesOfSolo(const Pod& pod, absl::Time now) const {
  const MixCount mixed = pod.capacity.mix.has_value() ? CountMix(pod) : MixCount();
  return SoloClassesOf(*view_, present_, pod, mixed, options_.capacity, now);
}

MixCount Engine::CountMix(const Pod& pod) const {
  const WorkloadId workload = WorkloadOf(pod);
  MixCount count = CountBound(*view_, pod, options_.capacity.classes);
  const auto add = [&](bool kept, int64_t weight) { (kept ? count.kept : count.other) += weight; };
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
