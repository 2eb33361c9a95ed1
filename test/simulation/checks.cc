// SPDX-License-Identifier: Apache-2.0
#include "test/simulation/checks.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace muster::test {
namespace {

constexpr absl::Duration kLook = absl::Milliseconds(500);
// A gang that is bound in part: its deadline to be completed, as much again for
// bindings whose outcome is not known, and the time of evictions and watches.
absl::Duration PartialAtMost(const Faults& faults) { return 2 * faults.gang_deadline + absl::Seconds(40); }

}  // namespace

Checks::Checks(Timeline& timeline, ApiServer& api, const Faults& faults, Fleet& fleet, Workload& workload,
               Violations& violations, Awaits awaits)
    : timeline_(timeline),
      api_(api),
      faults_(faults),
      fleet_(fleet),
      workload_(workload),
      violations_(violations),
      awaits_(std::move(awaits)) {
  api_.Listen([this](const Change& change) { Seen(change); });
}

void Checks::Start() {
  NotInPartForLong();
  timeline_.After(kLook, [this] { Start(); });
}

void Checks::Seen(const Change& change) {
  if (const auto* node = std::get_if<Node>(&change.object)) {
    const auto [before, is_new] = allocatable_.try_emplace(node->name, node->allocatable);
    if (!is_new && !Shortages(before->second, node->allocatable).empty())
      shrunk_[node->name] = change.version;
    before->second = node->allocatable;
  } else if (const auto* pod = std::get_if<std::shared_ptr<const Pod>>(&change.object)) {
    GangLife* gang = workload_.Find(**pod);
    if (gang != nullptr && !gang->was_whole && (*pod)->bound()) gang->was_whole = IsWhole(*gang);
  }
}

int64_t Checks::Living(const GangLife& gang, bool& started) const {
  int64_t living = 0;
  started = false;
  for (const GangLife::Member& member : gang.members) {
    const auto pod = member.pods == 0 ? nullptr : api_.truth().FindPod(member.pod);
    if (pod == nullptr || !pod->bound() || pod->deleting || pod->phase == PodPhase::kFailed) continue;
    ++living;
    started |= pod->started;
  }
  return living;
}

bool Checks::IsWhole(const GangLife& gang) const {
  bool started = false;
  return Living(gang, started) >= gang.min;
}

void Checks::Writes(const Process& sender) {
  const absl::StatusOr<Lease> lease = api_.ReadLease();
  const Replica* replica = fleet_.Find(sender);
  if (!lease.ok() || replica == nullptr || lease->holder.empty() || lease->holder == replica->name()) return;
  violations_.Add(absl::StrCat(replica->name(), " writes while ", lease->holder, " holds the lease"));
}

void Checks::BindingSent(const Process& sender, const PodVersion& version, const NodeName& node) {
  ++bindings_;
  if (!awaits_(version.uid, node)) {
    violations_.Add(absl::StrCat("a binding of ", version.name.text(), " to ", node.text(),
                                 " is sent, and no caller waits for it"));
  }
  if (Replica* replica = fleet_.Find(sender)) seen_version_[version.uid] = replica->seen_version();
  // Muster need not know yet that the pod is gone.
  const GangLife* gang = workload_.Find(version.name);
  if (gang == nullptr) return;
  NotWhileRestarted(sender, *gang, version.name);
  Sent& sent = sent_[gang->id];
  bool started = false;
  const absl::Time now = timeline_.Now();
  // The bindings before it are over and nothing came of them, or it was undone. Of
  // one that was whole some may have finished, and been cleaned up.
  const bool over = now - sent.last > faults_.gang_deadline + absl::Seconds(30);
  if (over && !gang->was_whole && Living(*gang, started) == 0) {
    sent.members.clear();
    sent.bound_ever = false;
  }
  sent.last = now;
  if (sent.bound_ever) return;
  sent.members.insert(version.name);
  // All of one gang leave within the same moment.
  timeline_.After(absl::ZeroDuration(), [this, id = gang->id, &sender] {
    if (sender.alive()) FirstBindingsAreWhole(id);
  });
}

void Checks::FirstBindingsAreWhole(const GangId& id) {
  for (const auto& gang : workload_.gangs()) {
    if (gang->id != id) continue;
    const auto sent = static_cast<int64_t>(sent_[id].members.size());
    if (sent >= gang->min) return;
    violations_.Add(absl::StrCat("gang ", id.text(), ": bindings are sent for ", sent,
                                 " members, its minimum is ", gang->min));
  }
}

void Checks::Bound(const Process& sender, const PodName& name, const NodeName& node) {
  const std::shared_ptr<const Pod> pod = api_.truth().FindPod(name);
  if (!awaits_(pod->uid, node)) orphans_.insert(pod->uid);
  Replica* leader = fleet_.Leader();
  const bool seated = pod->membership.has_value() || !pod->shape.requests.scalars.empty();
  if (seated && leader != nullptr && &leader->process() != &sender) {
    violations_.Add(absl::StrCat("a binding of ", name.text(), " by a former leader comes through while ",
                                 leader->name(), " decides"));
  }
  NodeHasRoom(*pod, node);
  GangLife* gang = workload_.Find(*pod);
  if (gang == nullptr) return;
  sent_[gang->id].bound_ever = true;
  if (!gang->model.membership->topology.required.empty()) OneRack(*gang);
}

void Checks::NodeHasRoom(const Pod& pod, const NodeName& node) {
  const NodeState* state = api_.truth().FindNode(node);
  if (state == nullptr || state->node == nullptr || shrunk_[node] > seen_version_[pod.uid]) return;
  const bool excused = std::any_of(state->pods.begin(), state->pods.end(),
                                   [&](const auto& other) { return orphans_.contains(other->uid); });
  for (const Shortage& shortage : Shortages(pod.shape.requests, state->free)) {
    if (shortage.free >= 0 || excused) continue;
    violations_.Add(absl::StrCat("node ", node.text(), " is over capacity by ", -shortage.free, " ",
                                 shortage.resource, " once ", pod.name.text(), " is bound"));
  }
}

void Checks::OneRack(const GangLife& gang) {
  std::set<std::string> racks;
  for (const GangLife::Member& member : gang.members) {
    const auto pod = member.pods == 0 ? nullptr : api_.truth().FindPod(member.pod);
    if (pod == nullptr || !pod->bound() || pod->deleting || pod->finished()) continue;
    const NodeState* state = api_.truth().FindNode(pod->node);
    if (state != nullptr && state->node != nullptr)
      racks.insert(state->node->labels.at("topology.kubernetes.io/rack"));
  }
  if (racks.size() > 1)
    violations_.Add(absl::StrCat("gang ", gang.id.text(), " requires one rack and is in ", racks.size()));
}

void Checks::Evicts(const Process& sender, const PodVersion& version) {
  const std::shared_ptr<const Pod> pod = api_.truth().FindPod(version.name);
  if (pod == nullptr || pod->uid != version.uid || pod->deleting) return;
  if (!version.resource_version.empty() && version.resource_version != pod->resource_version) return;
  ++evictions_;
  const GangLife* gang = workload_.Find(*pod);
  const bool restart = gang != nullptr && version.resource_version.empty() &&
                       gang->model.membership->repair.repair == Repair::kRestart;
  if (restart) Restarts(sender, *gang, *pod);
  if (pod->started && !restart)
    violations_.Add(absl::StrCat(version.name.text(), " is evicted although it has started"));
  if (gang != nullptr && !gang->ended && IsWhole(*gang)) {
    violations_.Add(absl::StrCat(version.name.text(), " is evicted although its gang is whole"));
  }
}

void Checks::Restarts(const Process& sender, const GangLife& gang, const Pod& pod) {
  Sent& sent = sent_[gang.id];
  if (sent.restarted_by == sender.identity() && sent.restarted.contains(pod.uid)) return;
  sent.restarted_by = sender.identity();
  ++restarts_;
  sent.restarted.clear();
  for (const GangLife::Member& member : gang.members) {
    const auto other = member.pods == 0 ? nullptr : api_.truth().FindPod(member.pod);
    if (other != nullptr && other->bound() && !other->deleting && !other->finished())
      sent.restarted.emplace(other->uid, other->name);
  }
  sent.restarted_until = timeline_.Now() + faults_.gang_deadline / 2;
}

// Muster may have learned a little later than the world that the others are gone,
// but not earlier.
void Checks::NotWhileRestarted(const Process& sender, const GangLife& gang, const PodName& pod) {
  Sent& sent = sent_[gang.id];
  if (timeline_.Now() >= sent.restarted_until || sent.restarted_by != sender.identity()) return;
  for (const auto& [uid, name] : sent.restarted) {
    const auto left = api_.truth().FindPod(name);
    if (left == nullptr || left->uid != uid || left->deleting || left->finished()) continue;
    violations_.Add(absl::StrCat("a binding of ", pod.text(), " is sent while its gang is restarted and ",
                                 name.text(), " still runs"));
  }
}

void Checks::Crashed(const Process& sender) {
  if (Replica* replica = fleet_.Find(sender)) replica->Kill();
}

void Checks::NotInPartForLong() {
  const absl::Time now = timeline_.Now();
  if (api_.stalled_until() > now) Excuse(api_.stalled_until());
  const absl::Time calm = std::max(calm_from_, fleet_.LeadsSince());
  for (const auto& gang : workload_.gangs()) {
    if (gang->ended || gang->was_whole || gang->controller == GangLife::Controller::kNone) continue;
    absl::Time& since = sent_[gang->id].partial_since;
    bool started = false;
    const int64_t living = Living(*gang, started);
    if (living == 0 || living >= gang->min || started) {
      since = absl::InfiniteFuture();
      continue;
    }
    since = std::min(since, now);
    if (now - std::max(since, calm) > PartialAtMost(faults_)) {
      violations_.Add(
          absl::StrCat("gang ", gang->id.text(), " stays at ", living, " bound, its minimum is ", gang->min));
      since = now;
    }
  }
}

void Checks::Settled() {
  for (const auto& gang : workload_.gangs()) {
    bool started = false;
    const int64_t living = Living(*gang, started);
    const bool hopeless = !gang->can_be_placed || gang->lost_for_ever;
    if (!gang->ended && !hopeless) {
      violations_.Add(absl::StrCat("gang ", gang->id.text(), " has not run: ", living, " of ", gang->size,
                                   " bound, its minimum is ", gang->min));
    }
    if (!gang->can_be_placed && living > 0)
      violations_.Add(absl::StrCat("gang ", gang->id.text(), " can't be whole and is bound"));
  }
  api_.truth().pods().ForEach([&](const PodName& name, const std::shared_ptr<const Pod>& pod) {
    if (!pod->membership.has_value()) violations_.Add(absl::StrCat("pod ", name.text(), " has not run"));
    if (!pod->bound() && !pod->nominated.empty())
      violations_.Add(absl::StrCat("the nomination of ", name.text(), " is left behind"));
  });
  Replica* leader = fleet_.Leader();
  if (leader == nullptr) return violations_.Add("nobody leads");
  const Decisions::Numbers numbers = leader->decisions().Count();
  if (numbers.held != 0) violations_.Add(absl::StrCat(numbers.held, " bind calls are held for nobody"));
  if (numbers.promises != 0) violations_.Add(absl::StrCat(numbers.promises, " promises have no owner"));
}

}  // namespace muster::test
