// SPDX-License-Identifier: Apache-2.0
#include "test/simulation/world.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace muster::test {

void Timeline::After(absl::Duration delay, std::function<void()> event) {
  events_.push({now_ + delay, ++order_, std::move(event)});
}

void Timeline::RunUntil(absl::Time end) {
  while (!events_.empty() && events_.top().at <= end) {
    const Event event = events_.top();
    events_.pop();
    now_ = event.at;
    event.run();
  }
  now_ = end;
}

void SimulatedApi::Change(const std::function<void(ClusterView&)>& change) {
  change(truth_);
  ++version_;
  timeline_.After(absl::Milliseconds(timeline_.Pick(1, 50)), [this] {
    // A watch may lag and coalesce, but what it shows last is the truth.
    if (watcher_) watcher_(std::make_shared<const ClusterView>(truth_));
  });
}

absl::Status SimulatedApi::Precondition(const PodVersion& pod) const {
  const auto found = truth_.FindPod(pod.name);
  if (found == nullptr) return absl::NotFoundError("no such pod");
  if (found->uid != pod.uid) return absl::AbortedError("another uid");
  if (!pod.resource_version.empty() && pod.resource_version != found->resource_version) {
    return absl::AbortedError("another version");
  }
  return absl::OkStatus();
}

void SimulatedApi::Call(std::function<absl::Status()> act, Done done) {
  const auto latency = [&] { return absl::Milliseconds(timeline_.Pick(1, 30)); };
  const bool request_lost = timeline_.Chance(faults_.lost_requests);
  const bool reply_lost = timeline_.Chance(faults_.lost_replies);
  const bool refused = timeline_.Chance(faults_.refusals);
  timeline_.After(latency(), [=, this, act = std::move(act), done = std::move(done)] {
    absl::Status status = absl::UnavailableError("connection lost");
    if (refused) {
      status = absl::PermissionDeniedError("refused by admission");
    } else if (!request_lost) {
      status = act();
      if (reply_lost) status = absl::UnavailableError("connection lost");
    }
    timeline_.After(absl::Milliseconds(timeline_.Pick(1, 30)), [=] { done(status); });
  });
}

void SimulatedApi::Bind(const PodVersion& pod, const NodeName& node, const Labels&, Done done) {
  Call(
      [this, pod, node]() -> absl::Status {
        if (absl::Status s = Precondition(pod); !s.ok()) return s;
        Pod next = *truth_.FindPod(pod.name);
        if (next.bound() || next.deleting) return absl::AbortedError("bound or deleting already");
        next.node = node;
        next.nominated = NodeName();
        next.resource_version = absl::StrCat(version_ + 1);
        Change([&](ClusterView& view) { view.Upsert(next); });
        return absl::OkStatus();
      },
      std::move(done));
}

void SimulatedApi::Nominate(const PodVersion& pod, const NodeName& node, Done done) {
  Call(
      [this, pod, node]() -> absl::Status {
        if (absl::Status s = Precondition(pod); !s.ok()) return s;
        Pod next = *truth_.FindPod(pod.name);
        if (next.bound()) return absl::OkStatus();
        next.nominated = node;
        next.resource_version = absl::StrCat(version_ + 1);
        Change([&](ClusterView& view) { view.Upsert(next); });
        return absl::OkStatus();
      },
      std::move(done));
}

void SimulatedApi::Annotate(const PodVersion& pod, const Labels&, Done done) {
  Call(
      [this, pod]() -> absl::Status {
        if (absl::Status s = Precondition(pod); !s.ok()) return s;
        Pod next = *truth_.FindPod(pod.name);
        next.resource_version = absl::StrCat(version_ + 1);
        Change([&](ClusterView& view) { view.Upsert(next); });
        return absl::OkStatus();
      },
      std::move(done));
}

void SimulatedApi::Evict(const PodVersion& pod, Done done) {
  Call(
      [this, pod]() -> absl::Status {
        if (absl::Status s = Precondition(pod); !s.ok()) return s;
        // Its controller creates it again at once.
        Pod next = *truth_.FindPod(pod.name);
        next.node = NodeName();
        next.nominated = NodeName();
        next.resource_version = absl::StrCat(version_ + 1);
        next.uid = PodUid(absl::StrCat(next.uid.text(), "+"));
        Change([&](ClusterView& view) {
          view.RemovePod(next.name);
          view.Upsert(next);
        });
        return absl::OkStatus();
      },
      std::move(done));
}

void SimulatedApi::Read(const PodName& pod, std::function<void(absl::StatusOr<Pod>)> done) {
  auto found = std::make_shared<absl::StatusOr<Pod>>(absl::UnavailableError("connection lost"));
  Call(
      [this, pod, found]() -> absl::Status {
        const auto at = truth_.FindPod(pod);
        *found = at == nullptr ? absl::StatusOr<Pod>(absl::NotFoundError("no such pod")) : *at;
        return absl::OkStatus();
      },
      [found, done = std::move(done)](const absl::Status& status) {
        done(status.ok() ? *found : absl::StatusOr<Pod>(status));
      });
}

void SimulatedCall::Answer(const absl::Status& status) {
  if (answered_once_) std::abort();  // the contract of HeldCall
  answered_once_ = true;
  if (alive_) answered_(status);
}

void SimulatedScheduler::Start() { Loop(); }

void SimulatedScheduler::Restart() {
  for (auto& [uid, assumed] : assumed_) assumed.call->Die();
  assumed_.clear();
  backoff_.clear();
}

void SimulatedScheduler::Loop() {
  std::vector<Pod> ready;
  api_.truth().pods().ForEach([&](const PodName&, const std::shared_ptr<const Pod>& pod) {
    const auto wait = backoff_.find(pod->uid);
    const bool backs_off = wait != backoff_.end() && wait->second > timeline_.Now();
    if (pod->pending() && pod->gates.empty() && !assumed_.contains(pod->uid) && !backs_off)
      ready.push_back(*pod);
  });
  if (!ready.empty())
    TryToSchedule(ready[static_cast<size_t>(timeline_.Pick(0, static_cast<int>(ready.size()) - 1))]);
  timeline_.After(absl::Milliseconds(timeline_.Pick(1, 10)), [this] { Loop(); });
}

std::vector<std::string> SimulatedScheduler::Feasible(const Pod& pod) const {
  std::vector<std::string> names;
  api_.truth().nodes().ForEach([&](const NodeName& name, const NodeState& state) {
    if (state.node == nullptr || state.node->unschedulable) return;
    Resources free = state.free;
    for (const auto& [uid, assumed] : assumed_) {
      const bool bound =
          std::any_of(state.pods.begin(), state.pods.end(), [&](const auto& p) { return p->uid == uid; });
      if (assumed.node == name && !bound) free -= assumed.requests;
    }
    if (Fits(pod.shape.requests, free)) names.push_back(name.text());
  });
  return names;
}

void SimulatedScheduler::TryToSchedule(const Pod& pod) {
  const std::vector<std::string> names = Feasible(pod);
  const std::vector<absl::string_view> candidates(names.begin(), names.end());
  backoff_[pod.uid] = timeline_.Now() + absl::Milliseconds(timeline_.Pick(200, 2'000));
  if (names.empty()) return;
  const FilterAnswer answer = service_->Filter({pod, candidates});
  if (const auto* one = std::get_if<PassOne>(&answer)) Bind(pod, one->node);
  if (const auto* all = std::get_if<PassAll>(&answer)) {
    for (const std::string& name : names) {
      if (std::find(all->except.begin(), all->except.end(), name) == all->except.end()) {
        Bind(pod, NodeName(name));
        return;
      }
    }
  }
}

void SimulatedScheduler::Bind(const Pod& pod, const NodeName& node) {
  auto call = std::make_shared<SimulatedCall>([this, uid = pod.uid](const absl::Status& status) {
    timeline_.After(absl::Milliseconds(1), [this, uid, ok = status.ok()] {
      // A bound pod stays assumed until its watch event; ours is instant.
      assumed_.erase(uid);
      if (!ok) backoff_[uid] = timeline_.Now() + absl::Milliseconds(timeline_.Pick(500, 3'000));
    });
  });
  assumed_[pod.uid] = {node, pod.shape.requests, call};
  timeline_.After(absl::Seconds(60), [this, uid = pod.uid, call] {
    if (call->answered()) return;
    call->Die();
    assumed_.erase(uid);
  });
  const auto slow = slow_.find(pod.name);
  const absl::Duration prebind =
      slow != slow_.end() ? slow->second : absl::Milliseconds(timeline_.Pick(0, 40));
  timeline_.After(prebind, [this, pod, node, call] {
    if (call->Alive()) service_->Bind({pod.name, pod.uid, node}, call);
  });
}

}  // namespace muster::test
