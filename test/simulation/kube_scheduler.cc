// SPDX-License-Identifier: Apache-2.0
#include "test/simulation/kube_scheduler.h"

#include <algorithm>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "scheduling/plan/feasibility.h"

namespace muster::test {
namespace {

constexpr absl::Duration kNoticed = absl::Milliseconds(500);  // a dead caller, by Muster

bool IsOutsider(const Pod& pod) { return absl::StartsWith(pod.name.name(), kOutsider); }

}  // namespace

KubeScheduler::KubeScheduler(Timeline& timeline, ApiServer& api, const Faults& faults,
                             SimulatedExtender& extender, Violations& violations, Options options)
    : timeline_(timeline),
      api_(api),
      faults_(faults),
      extender_(extender),
      violations_(violations),
      options_(std::move(options)),
      process_(timeline),
      window_(
          static_cast<size_t>(options_.small_windows && timeline.Chance(300) ? timeline.Pick(2, 4) : 100)) {
  watch_ = std::make_unique<Watch>(timeline, api, faults, process_,
                                   [this](const auto& changes) { Seen(changes); });
}

void KubeScheduler::Kill() {
  process_.Kill();
  for (auto& [uid, call] : calls_)
    call->Dies(timeline_.Now() + timeline_.Between(absl::Milliseconds(1), kNoticed));
}

void KubeScheduler::ServerDied(const void* server) {
  for (auto& [uid, assumed] : assumed_) {
    if (assumed.server != server || assumed.call == nullptr || assumed.call->over()) continue;
    assumed.call->Dies(timeline_.Now());
    process_.After(timeline_.Between(absl::Milliseconds(1), absl::Milliseconds(50)),
                   [this, uid = uid, call = assumed.call] {
                     const auto at = assumed_.find(uid);
                     if (at != assumed_.end() && at->second.call == call)
                       BindEnded(uid, absl::UnavailableError("connection reset"));
                   });
  }
}

bool KubeScheduler::Awaits(const PodUid& uid, const NodeName& node) const {
  const auto [begin, end] = calls_.equal_range(uid);
  return std::any_of(begin, end, [&](const auto& entry) {
    return entry.second->Alive() && !entry.second->over() && entry.second->node() == node;
  });
}

void KubeScheduler::Seen(const std::vector<ChangedObject>& changes) {
  for (const ChangedObject& object : changes) {
    if (const auto* pod = std::get_if<std::shared_ptr<const Pod>>(&object)) {
      SeenPod(*pod);
    } else {
      // Room may have come, or what a pod is called has gone.
      queue_.WakeAll();
    }
  }
  // Pods that are gone are no longer assumed, whatever becomes of their calls.
  std::erase_if(assumed_, [&](const auto& entry) {
    const std::shared_ptr<const Pod> pod = watch_->view().FindPod(entry.second.name);
    return pod == nullptr || pod->uid != entry.first;
  });
  LoopSoon();
}

void KubeScheduler::SeenPod(const std::shared_ptr<const Pod>& pod) {
  if (pod->bound() || pod->finished()) {
    queue_.Remove(pod->uid);
    assumed_.erase(pod->uid);
    queue_.WakeAll();
  } else if (!pod->gates.empty() ||
             absl::c_find(options_.profiles, pod->scheduler_name) == options_.profiles.end()) {
    queue_.Remove(pod->uid);
  } else if (pod->pending() && !queue_.Add(*pod, timeline_.Now())) {
    queue_.Changed(pod->uid);
  }
}

void KubeScheduler::LoopSoon() {
  const absl::Time at = std::max({queue_.NextAt(), blocked_until_, timeline_.Now()});
  if (at == absl::InfiniteFuture() || at >= loop_at_) return;
  loop_at_ = at + absl::Milliseconds(timeline_.Pick(1, 8));
  process_.After(loop_at_ - timeline_.Now(), [this, at = loop_at_] {
    if (at == loop_at_) Loop();
  });
}

void KubeScheduler::Loop() {
  loop_at_ = absl::InfiniteFuture();
  if (watch_->synced()) {
    if (const auto next = queue_.Pop(timeline_.Now())) {
      const std::shared_ptr<const Pod> pod = watch_->view().FindPod(next->name);
      if (pod == nullptr || pod->uid != next->uid || !pod->pending() || !pod->gates.empty()) {
        queue_.Remove(next->uid);
      } else if (!assumed_.contains(pod->uid)) {
        Schedule(*pod);
      }
    }
  }
  LoopSoon();
}

bool KubeScheduler::HasRoom(const Pod& pod, const NodeState& state) const {
  if (state.node == nullptr || !Eligible(pod.shape, *state.node)) return false;
  Resources free = state.free;
  for (const auto& [uid, assumed] : assumed_) {
    if (assumed.node == state.node->name) free -= assumed.requests;
  }
  // Nominated pods of at least its priority keep their room.
  for (const auto& other : nominated_) {
    if (other->nominated == state.node->name && other->priority >= pod.priority && other->uid != pod.uid) {
      free -= other->shape.requests;
    }
  }
  return Fits(pod.shape.requests, free);
}

std::vector<std::string> KubeScheduler::Window(const Pod& pod) {
  std::vector<const NodeState*> nodes;
  watch_->view().nodes().ForEach([&](const NodeName&, const NodeState& state) { nodes.push_back(&state); });
  std::vector<std::string> names;
  size_t looked = 0;
  for (; looked < nodes.size() && names.size() < window_; ++looked) {
    const NodeState& state = *nodes[(next_ + looked) % nodes.size()];
    if (HasRoom(pod, state)) names.push_back(state.node->name.text());
  }
  next_ += looked;
  return names;
}

KubeScheduler::Answer KubeScheduler::Ask(const Pod& pod, const std::vector<std::string>& nodes) {
  if (IsOutsider(pod))
    return NodeName(nodes[static_cast<size_t>(timeline_.Pick(0, static_cast<int64_t>(nodes.size()) - 1))]);
  const std::vector<absl::string_view> candidates(nodes.begin(), nodes.end());
  const absl::StatusOr<FilterAnswer> answer = extender_.Filter({pod, candidates});
  blocked_until_ = std::max(blocked_until_, extender_.FilterTakesUntil());
  if (!answer.ok()) return answer.status();
  if (const auto* one = std::get_if<PassOne>(&*answer)) {
    if (std::find(nodes.begin(), nodes.end(), one->node.text()) == nodes.end()) {
      violations_.Add(absl::StrCat("filter answers a node that was not asked for: ", one->node.text()));
    }
    return one->node;
  }
  if (const auto* all = std::get_if<PassAll>(&*answer)) {
    for (const std::string& name : nodes) {
      if (std::find(all->except.begin(), all->except.end(), name) == all->except.end()) return NodeName(name);
    }
  }
  return std::nullopt;
}

void KubeScheduler::Schedule(const Pod& pod) {
  nominated_.clear();
  watch_->view().pods().ForEach([&](const PodName&, const std::shared_ptr<const Pod>& other) {
    if (!other->nominated.empty() && other->pending() && !assumed_.contains(other->uid))
      nominated_.push_back(other);
  });
  if (!pod.nominated.empty()) {
    const NodeState* state = watch_->view().FindNode(pod.nominated);
    if (state != nullptr && HasRoom(pod, *state)) {
      const Answer answer = Ask(pod, {pod.nominated.text()});
      if (answer.ok() && answer->has_value()) return Assume(pod, **answer);
    }
  }
  const std::vector<std::string> nodes = Window(pod);
  if (nodes.empty()) return Failed(pod, Failure::kNoNodeFits);
  const Answer answer = Ask(pod, nodes);
  if (!answer.ok()) return Failed(pod, Failure::kError);
  if (!answer->has_value()) return Failed(pod, Failure::kRefused);
  Assume(pod, **answer);
}

// Every failure clears the nomination, unless preemption makes another. The
// condition is written if it says something new.
void KubeScheduler::Failed(const Pod& pod, Failure failure) {
  constexpr const char* kTexts[] = {"no node fits", "refused", "error"};
  if (timeline_.tracing()) {
    timeline_.Note(
        absl::StrCat("kube-scheduler: ", pod.name.name(), " ", kTexts[static_cast<size_t>(failure)]));
  }
  const NodeName nominated = failure == Failure::kError ? NodeName() : Preempt(pod);
  // An extender's refusals have no queueing hint: whatever happens may help.
  queue_.PutBack(pod, timeline_.Now(),
                 failure == Failure::kError     ? SchedulingQueue::Waits::kForBackoff
                 : failure == Failure::kRefused ? SchedulingQueue::Waits::kForAnyEvent
                                                : SchedulingQueue::Waits::kForRoom);
  const auto last = failures_.find(pod.uid);
  const bool news = last == failures_.end() || last->second != failure;
  failures_[pod.uid] = failure;
  if (news || nominated != pod.nominated) WriteStatus(pod, nominated);
}

std::string KubeScheduler::ReasonOf(const PodUid& uid) const {
  const auto at = failures_.find(uid);
  if (at == failures_.end()) return "";
  return at->second == Failure::kError ? "SchedulerError" : "Unschedulable";
}

void KubeScheduler::WriteStatus(const Pod& pod, const NodeName& nominated) {
  timeline_.After(timeline_.Between(absl::Milliseconds(2), absl::Milliseconds(60)),
                  [this, name = pod.name, uid = pod.uid, nominated] {
                    const std::shared_ptr<const Pod> now = api_.truth().FindPod(name);
                    if (now == nullptr || now->uid != uid || now->bound()) return;
                    Pod next = *now;
                    next.nominated = nominated;
                    api_.Put(std::move(next));
                  });
}

}  // namespace muster::test
