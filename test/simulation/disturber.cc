// SPDX-License-Identifier: Apache-2.0
#include "test/simulation/disturber.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace muster::test {

void Disturber::Start() {
  world_.api.truth().nodes().ForEach(
      [&](const NodeName&, const NodeState& state) { nodes_.push_back(*state.node); });
  if (world_.faults.AnyHappenings()) Next();
}

void Disturber::Stop() {
  stopped_ = true;
  world_.api.ForbidEvictions(absl::InfinitePast());
  for (const Node& node : nodes_) RestoreLater(node, absl::ZeroDuration());
}

void Disturber::Next() {
  world_.timeline.After(world_.timeline.Between(absl::Milliseconds(500), absl::Seconds(12)), [this] {
    if (stopped_) return;
    Disturb();
    Next();
  });
}

void Disturber::Disturb() {
  Timeline& timeline = world_.timeline;
  const Faults& faults = world_.faults;
  const auto until = [&](absl::Duration most) {
    return timeline.Now() + timeline.Between(absl::Milliseconds(200), most);
  };
  std::vector<std::function<void()>> all;
  const auto may = [&](bool fault, std::function<void()> happens) {
    if (fault) all.push_back(std::move(happens));
  };
  may(faults.muster_restarts,
      [&] { timeline.Chance(500) ? world_.fleet.KillOne() : world_.fleet.StopOne(); });
  may(faults.muster_pauses,
      [&] { world_.fleet.PauseOne(timeline.Between(absl::Milliseconds(100), absl::Seconds(40))); });
  may(faults.scheduler_restarts, world_.restart_scheduler);
  may(faults.api_stalls, [&] { world_.api.Stall(until(absl::Seconds(20))); });
  may(faults.compactions, [&] { world_.api.Compact(); });
  may(faults.nodes_lost, [&] { LoseNode(); });
  may(faults.nodes_cordoned, [&] { ChangeNode([](Node& node) { node.unschedulable = true; }); });
  may(faults.nodes_shrunk, [&] {
    ChangeNode([&](Node& node) {
      node.allocatable.Set("nvidia.com/gpu", timeline.Pick(0, node.allocatable.Get("nvidia.com/gpu") - 1));
    });
  });
  may(faults.pods_deleted, [&] { world_.workload.DeleteSomePod(); });
  may(faults.evictions_forbidden, [&] { world_.api.ForbidEvictions(until(absl::Seconds(30))); });
  if (!all.empty()) all[static_cast<size_t>(timeline.Pick(0, static_cast<int64_t>(all.size()) - 1))]();
}

const Node* Disturber::AnyNode() {
  const Node& node =
      nodes_[static_cast<size_t>(world_.timeline.Pick(0, static_cast<int64_t>(nodes_.size()) - 1))];
  const NodeState* state = world_.api.truth().FindNode(node.name);
  return state != nullptr && state->node != nullptr && *state->node == node ? &node : nullptr;
}

void Disturber::ChangeNode(const std::function<void(Node&)>& change) {
  const Node* node = AnyNode();
  if (node == nullptr) return;
  Node next = *node;
  change(next);
  world_.api.Put(std::move(next));
  RestoreLater(*node, world_.timeline.Between(absl::Seconds(1), absl::Seconds(40)));
}

void Disturber::RestoreLater(const Node& node, absl::Duration delay) {
  world_.timeline.After(delay, [this, node] {
    const NodeState* state = world_.api.truth().FindNode(node.name);
    if (state == nullptr || state->node == nullptr || !(*state->node == node)) world_.api.Put(node);
    if (world_.kubelets.IsDown(node.name)) world_.kubelets.PowerOn(node.name);
  });
}

// The machine goes off; after a while its node is not ready, then its pods are
// evicted and stay terminating; then it comes back, or is removed first.
void Disturber::LoseNode() {
  const Node* node = AnyNode();
  if (node == nullptr) return;
  Timeline& timeline = world_.timeline;
  world_.kubelets.PowerOff(node->name);
  if (timeline.tracing()) timeline.Note(absl::StrCat("node ", node->name.text(), " goes off"));
  const absl::Duration not_ready = timeline.Between(absl::Seconds(1), absl::Seconds(10));
  timeline.After(not_ready, [this, node = *node] {
    if (!world_.kubelets.IsDown(node.name)) return;
    Node next = node;
    next.ready = false;
    world_.api.Put(std::move(next));
  });
  timeline.After(not_ready + timeline.Between(absl::Seconds(2), absl::Seconds(20)),
                 [this, name = node->name] { EvictFrom(name); });
  if (timeline.Chance(500)) {
    timeline.After(absl::Seconds(40), [this, node = *node] { RemoveNode(node); });
  }
  RestoreLater(*node, timeline.Between(absl::Seconds(30), absl::Seconds(70)));
}

void Disturber::EvictFrom(const NodeName& name) {
  const NodeState* state = world_.api.truth().FindNode(name);
  if (!world_.kubelets.IsDown(name) || state == nullptr) return;
  const auto pods = state->pods;
  for (const auto& pod : pods) world_.api.Delete(pod->name);
}

void Disturber::RemoveNode(const Node& node) {
  if (!world_.kubelets.IsDown(node.name) || stopped_) return;
  world_.api.Remove(node.name);
  // What is bound to no node is collected.
  const NodeState* state = world_.api.truth().FindNode(node.name);
  if (state == nullptr) return;
  const auto pods = state->pods;
  for (const auto& pod : pods) world_.api.Remove(pod->name);
}

}  // namespace muster::test
