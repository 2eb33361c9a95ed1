// SPDX-License-Identifier: Apache-2.0
// The later half of kube-scheduler's work on a pod: preemption, and the binding
// cycle.
#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "scheduling/plan/feasibility.h"
#include "test/simulation/kube_scheduler.h"

namespace muster::test {
namespace {

// Whom a pod of higher priority would have evicted from a node to fit there.
std::vector<PodUid> Victims(const Pod& pod, const NodeState& state, std::vector<PodName>& names) {
  std::vector<PodUid> victims;
  Resources free = state.free;
  for (const auto& other : state.pods) {
    if (Fits(pod.shape.requests, free)) break;
    if (other->priority >= pod.priority) continue;
    free += other->shape.requests;
    victims.push_back(other->uid);
    names.push_back(other->name);
  }
  if (!Fits(pod.shape.requests, free)) victims.clear();
  return victims;
}

}  // namespace

NodeName KubeScheduler::Preempt(const Pod& pod) {
  if (pod.priority <= 0) return NodeName();
  std::vector<EvictionOption> options;
  std::map<NodeName, std::vector<PodName>> names;
  watch_->view().nodes().ForEach([&](const NodeName& name, const NodeState& state) {
    if (state.node == nullptr || !Eligible(pod.shape, *state.node)) return;
    std::vector<PodUid> victims = Victims(pod, state, names[name]);
    if (!victims.empty()) options.push_back({name, std::move(victims), 0});
  });
  if (options.empty()) return NodeName();
  if (!absl::StartsWith(pod.name.name(), kOutsider)) {
    absl::StatusOr<std::vector<EvictionOption>> allowed = extender_.Preempt({pod, options});
    if (!allowed.ok() || allowed->empty()) return NodeName();
    options = *std::move(allowed);
    for (const PodName& victim : names[options.front().node]) {
      const std::shared_ptr<const Pod> found = watch_->view().FindPod(victim);
      if (found != nullptr && found->membership.has_value()) {
        violations_.Add(absl::StrCat(pod.name.text(), " may evict ", victim.text(), ", a member of a gang"));
      }
    }
  }
  for (const PodName& victim : names[options.front().node]) api_.Delete(victim);
  return options.front().node;
}

void KubeScheduler::Assume(const Pod& pod, const NodeName& node) {
  assumed_[pod.uid] = {pod.name, node, pod.shape.requests};
  const auto ready = [this, pod, node] {
    // An earlier binding of it came through meanwhile, or it is gone.
    if (!process_.alive() || !assumed_.contains(pod.uid)) return;
    absl::StartsWith(pod.name.name(), kOutsider) ? BindDirectly(pod, node) : BindWithExtender(pod, node);
  };
  if (options_.prepare != nullptr) return options_.prepare(pod, ready);
  absl::Duration volumes = timeline_.Between(absl::ZeroDuration(), absl::Milliseconds(40));
  if (timeline_.Chance(faults_.slow_volumes))
    volumes = timeline_.Between(absl::Seconds(5), absl::Seconds(90));
  if (timeline_.tracing())
    timeline_.Note(absl::StrCat("kube-scheduler: ", pod.name.name(), " assumed on ", node.text()));
  process_.After(volumes, ready);
}

void KubeScheduler::BindWithExtender(const Pod& pod, const NodeName& node) {
  auto call = std::make_shared<SimulatedBindCall>(
      timeline_, violations_, pod.uid, node, [this, uid = pod.uid, node](const absl::Status& status) {
        process_.After(timeline_.Between(absl::Milliseconds(1), absl::Milliseconds(5)),
                       [this, uid, node, status] {
                         const auto at = assumed_.find(uid);
                         if (at != assumed_.end() && at->second.node == node) BindEnded(uid, status);
                       });
      });
  std::erase_if(calls_, [](const auto& entry) { return entry.second->over() || !entry.second->Alive(); });
  calls_.emplace(pod.uid, call);
  Assumed& assumed = assumed_.at(pod.uid);
  assumed.call = call;
  assumed.server = extender_.Server();
  if (absl::Status s = extender_.Bind({pod.name, pod.uid, node}, call); !s.ok()) return BindEnded(pod.uid, s);
  process_.After(options_.http_timeout, [this, uid = pod.uid, call] {
    const auto at = assumed_.find(uid);
    if (call->over() || !call->Alive()) return;
    call->Dies(timeline_.Now() + absl::Milliseconds(timeline_.Pick(1, 500)));
    if (at != assumed_.end() && at->second.call == call)
      BindEnded(uid, absl::DeadlineExceededError("timeout"));
  });
}

void KubeScheduler::BindDirectly(const Pod& pod, const NodeName& node) {
  timeline_.After(timeline_.Between(absl::Milliseconds(1), absl::Milliseconds(20)), [this, pod, node] {
    const absl::Status status = api_.Bind({pod.name, pod.uid, ""}, node);
    process_.After(absl::Milliseconds(2), [this, uid = pod.uid, status] { BindEnded(uid, status); });
  });
}

void KubeScheduler::BindEnded(const PodUid& uid, const absl::Status& status) {
  const auto at = assumed_.find(uid);
  if (at == assumed_.end()) return;
  if (timeline_.tracing())
    timeline_.Note(absl::StrCat("kube-scheduler: bind of ", at->second.name.name(), " ", status.ToString()));
  const PodName name = at->second.name;
  if (status.ok()) {
    at->second.bound = true;
    const std::shared_ptr<const Pod> pod = watch_->view().FindPod(name);
    if (pod == nullptr || pod->uid != uid) assumed_.erase(at);
    return;
  }
  assumed_.erase(at);
  const std::shared_ptr<const Pod> pod = watch_->view().FindPod(name);
  if (pod == nullptr || pod->uid != uid || !pod->pending()) return;
  queue_.PutBack(*pod, timeline_.Now(), SchedulingQueue::Waits::kForBackoff);
  failures_[uid] = Failure::kError;
  WriteStatus(*pod, NodeName());
  queue_.WakeAll();
  LoopSoon();
}

}  // namespace muster::test
