// SPDX-License-Identifier: Apache-2.0
#include "test/simulation/watch.h"

#include <utility>

namespace muster::test {
namespace {

void Apply(const ChangedObject& object, ClusterView& view) {
  if (const auto* pod = std::get_if<std::shared_ptr<const Pod>>(&object)) view.Upsert(**pod);
  if (const auto* name = std::get_if<PodName>(&object)) view.RemovePod(*name);
  if (const auto* node = std::get_if<Node>(&object)) view.Upsert(*node);
  if (const auto* name = std::get_if<NodeName>(&object)) view.RemoveNode(*name);
}

// What makes `view` the same as `truth`.
std::vector<ChangedObject> PodsThatDiffer(const ClusterView& view, const ClusterView& truth) {
  std::vector<ChangedObject> changes;
  view.pods().ForEach([&](const PodName& name, const auto&) {
    if (truth.FindPod(name) == nullptr) changes.emplace_back(name);
  });
  truth.pods().ForEach([&](const PodName& name, const std::shared_ptr<const Pod>& pod) {
    const auto old = view.FindPod(name);
    if (old == nullptr || !(*old == *pod)) changes.emplace_back(pod);
  });
  return changes;
}

std::vector<ChangedObject> NodesThatDiffer(const ClusterView& view, const ClusterView& truth) {
  const auto exists = [](const NodeState* state) { return state != nullptr && state->node != nullptr; };
  std::vector<ChangedObject> changes;
  view.nodes().ForEach([&](const NodeName& name, const NodeState& state) {
    if (exists(&state) && !exists(truth.FindNode(name))) changes.emplace_back(name);
  });
  truth.nodes().ForEach([&](const NodeName& name, const NodeState& state) {
    const NodeState* old = view.FindNode(name);
    if (exists(&state) && (!exists(old) || !(*old->node == *state.node))) changes.emplace_back(*state.node);
  });
  return changes;
}

}  // namespace

Watch::Watch(Timeline& timeline, ApiServer& api, const Faults& faults, Process& process, Seen seen)
    : timeline_(timeline), api_(api), faults_(faults), process_(process), seen_(std::move(seen)) {
  api_.Listen([this, token = std::weak_ptr<int>(token_)](const Change& change) {
    if (!token.expired()) Poke(change.OfNode() ? 1 : 0);
  });
  List(0);
  List(1);
}

absl::Duration Watch::Lag() {
  const absl::Duration lag = timeline_.Between(absl::Milliseconds(1), faults_.watch_lag);
  return std::max(lag, api_.stalled_until() - timeline_.Now() + absl::Milliseconds(5));
}

void Watch::List(size_t stream) {
  streams_[stream].busy = true;
  process_.After(timeline_.Between(absl::Milliseconds(5), absl::Milliseconds(300)), [this, stream] {
    if (api_.stalled_until() > timeline_.Now()) return List(stream);
    Listed(stream);
  });
}

void Watch::Listed(size_t stream) {
  std::vector<ChangedObject> changes =
      stream == 0 ? PodsThatDiffer(view_, api_.truth()) : NodesThatDiffer(view_, api_.truth());
  for (const ChangedObject& object : changes) Apply(object, view_);
  streams_[stream].version = api_.version();
  streams_[stream].listed = true;
  streams_[stream].busy = false;
  seen_(changes);
}

void Watch::Poke(size_t stream) {
  if (streams_[stream].busy || !process_.alive()) return;
  streams_[stream].busy = true;
  process_.After(Lag(), [this, stream, up_to = api_.version()] { Deliver(stream, up_to); });
}

void Watch::Deliver(size_t stream, int64_t up_to) {
  Stream& at = streams_[stream];
  if (timeline_.Chance(faults_.watch_breaks)) {
    const absl::Duration gap = timeline_.Between(absl::Milliseconds(250), absl::Seconds(6));
    if (timeline_.Chance(faults_.watch_expires)) {
      process_.After(gap, [this, stream] { List(stream); });
    } else {
      process_.After(gap, [this, stream] { Deliver(stream, api_.version()); });
    }
    return;
  }
  std::vector<ChangedObject> changes;
  bool more = false;
  const bool remembered = api_.Since(at.version, [&](const Change& change) {
    if (change.OfNode() != (stream == 1)) return;
    more |= change.version > up_to;
    if (change.version > up_to) return;
    Apply(change.object, view_);
    changes.push_back(change.object);
  });
  if (!remembered) return List(stream);
  at.version = up_to;
  at.busy = false;
  if (more) Poke(stream);
  seen_(changes);
}

}  // namespace muster::test
