// SPDX-License-Identifier: Apache-2.0
#include "test/simulation/kubelets.h"

#include <vector>

#include "absl/strings/str_cat.h"

namespace muster::test {

Kubelets::Kubelets(Timeline& timeline, ApiServer& api, const Faults& faults, Workload& workload)
    : timeline_(timeline), api_(api), faults_(faults), workload_(workload) {
  api_.Listen([this](const Change& change) {
    if (const auto* pod = std::get_if<std::shared_ptr<const Pod>>(&change.object)) Seen(**pod);
  });
}

void Kubelets::PowerOn(const NodeName& node) {
  down_.erase(node);
  const NodeState* state = api_.truth().FindNode(node);
  if (state == nullptr) return;
  const auto pods = state->pods;
  for (const auto& pod : pods) {
    handled_.erase(pod->uid);
    Seen(*pod);
  }
}

std::shared_ptr<const Pod> Kubelets::Mine(const PodName& name, const PodUid& uid) const {
  std::shared_ptr<const Pod> pod = api_.truth().FindPod(name);
  if (pod == nullptr || pod->uid != uid || IsDown(pod->node)) return nullptr;
  return pod;
}

void Kubelets::Seen(const Pod& pod) {
  if (!pod.bound()) return;
  const auto delay = timeline_.Between(absl::Milliseconds(20), absl::Milliseconds(800));
  if (pod.deleting) {
    timeline_.After(delay, [this, name = pod.name, uid = pod.uid] {
      if (Mine(name, uid) != nullptr) api_.Remove(name);
    });
  } else if (handled_.insert(pod.uid).second && !pod.finished()) {
    timeline_.After(delay, [this, name = pod.name, uid = pod.uid] { Admit(name, uid); });
  }
}

void Kubelets::Admit(const PodName& name, const PodUid& uid) {
  const std::shared_ptr<const Pod> pod = Mine(name, uid);
  if (pod == nullptr || pod->deleting || pod->finished()) return;
  const NodeState* state = api_.truth().FindNode(pod->node);
  if (state == nullptr || state->node == nullptr) return;
  Resources free = state->node->allocatable;
  for (const auto& other : state->pods) {
    if (admitted_.contains(other->uid) && other->uid != uid) free -= other->shape.requests;
  }
  const bool known = admitted_.contains(uid);
  if (!known && (timeline_.Chance(faults_.kubelet_rejects) || !Fits(pod->shape.requests, free))) {
    Pod next = *pod;
    next.phase = PodPhase::kFailed;
    next.rejected = "OutOfcpu";
    return api_.Put(std::move(next));
  }
  admitted_.insert(uid);
  absl::Duration images = timeline_.Between(absl::ZeroDuration(), absl::Milliseconds(500));
  if (timeline_.Chance(faults_.slow_images)) images = timeline_.Between(absl::Seconds(5), absl::Minutes(4));
  timeline_.After(images, [this, name, uid] {
    const std::shared_ptr<const Pod> now = Mine(name, uid);
    if (now == nullptr || now->deleting || now->finished()) return;
    Pod next = *now;
    next.phase = PodPhase::kRunning;
    next.started = true;
    api_.Put(std::move(next));
    timeline_.After(workload_.RunTime(*now), [this, name, uid] { End(name, uid); });
  });
}

void Kubelets::End(const PodName& name, const PodUid& uid) {
  const std::shared_ptr<const Pod> pod = Mine(name, uid);
  if (pod == nullptr || pod->deleting || pod->finished()) return;
  if (!workload_.MayEnd(*pod)) {
    timeline_.After(absl::Seconds(1), [this, name, uid] { End(name, uid); });
    return;
  }
  Pod next = *pod;
  next.phase = timeline_.Chance(faults_.fails) ? PodPhase::kFailed : PodPhase::kSucceeded;
  api_.Put(std::move(next));
}

}  // namespace muster::test
