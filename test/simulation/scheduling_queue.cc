// SPDX-License-Identifier: Apache-2.0
#include "test/simulation/scheduling_queue.h"

#include <algorithm>
#include <tuple>

namespace muster::test {
namespace {

constexpr absl::Duration kFirstBackoff = absl::Seconds(1);
constexpr absl::Duration kLongestBackoff = absl::Seconds(10);
constexpr absl::Duration kLongestWait = absl::Minutes(5);

}  // namespace

bool SchedulingQueue::Add(const Pod& pod, absl::Time now) {
  return entries_.try_emplace(pod.uid, Entry{pod.name, pod.priority, now, now}).second;
}

std::optional<SchedulingQueue::Next> SchedulingQueue::Pop(absl::Time now) {
  auto best = entries_.end();
  for (auto at = entries_.begin(); at != entries_.end(); ++at) {
    if (at->second.at() > now) continue;
    const auto key = [](const Entry& entry) { return std::tuple(-entry.priority, entry.since); };
    if (best == entries_.end() || key(at->second) < key(best->second)) best = at;
  }
  if (best == entries_.end()) return std::nullopt;
  best->second.in_flight = true;
  best->second.woken = best->second.changed = false;
  return Next{best->second.name, best->first};
}

absl::Time SchedulingQueue::NextAt() const {
  absl::Time next = absl::InfiniteFuture();
  for (const auto& [uid, entry] : entries_) next = std::min(next, entry.at());
  return next;
}

void SchedulingQueue::PutBack(const Pod& pod, absl::Time now, Waits waits) {
  const auto at = entries_.find(pod.uid);
  if (at == entries_.end()) return;
  Entry& entry = at->second;
  entry.in_flight = false;
  entry.since = now;
  entry.ready_at = now + std::min(kFirstBackoff * (1 << std::min(entry.attempts++, 10)), kLongestBackoff);
  entry.waits = waits;
  const bool again =
      waits == Waits::kForBackoff || entry.woken || (waits == Waits::kForAnyEvent && entry.changed);
  entry.waits_until = again ? absl::InfinitePast() : now + kLongestWait;
}

void SchedulingQueue::WakeAll() {
  for (auto& [uid, entry] : entries_) {
    entry.waits_until = absl::InfinitePast();
    entry.woken = true;
  }
}

void SchedulingQueue::Changed(const PodUid& uid) {
  const auto at = entries_.find(uid);
  if (at == entries_.end()) return;
  at->second.changed = true;
  if (at->second.waits == Waits::kForAnyEvent) at->second.waits_until = absl::InfinitePast();
}

}  // namespace muster::test
