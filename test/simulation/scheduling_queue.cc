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

void SchedulingQueue::Add(const Pod& pod, absl::Time now) {
  entries_.try_emplace(pod.uid, Entry{pod.name, pod.priority, now, now});
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
  best->second.woken = false;
  return Next{best->second.name, best->first};
}

absl::Time SchedulingQueue::NextAt() const {
  absl::Time next = absl::InfiniteFuture();
  for (const auto& [uid, entry] : entries_) next = std::min(next, entry.at());
  return next;
}

void SchedulingQueue::PutBack(const Pod& pod, absl::Time now, bool waits_for_event) {
  const auto at = entries_.find(pod.uid);
  if (at == entries_.end()) return;
  Entry& entry = at->second;
  entry.in_flight = false;
  entry.since = now;
  entry.ready_at = now + std::min(kFirstBackoff * (1 << std::min(entry.attempts++, 10)), kLongestBackoff);
  entry.waits_until = waits_for_event && !entry.woken ? now + kLongestWait : absl::InfinitePast();
}

void SchedulingQueue::WakeAll() {
  for (auto& [uid, entry] : entries_) {
    entry.waits_until = absl::InfinitePast();
    entry.woken = true;
  }
}

void SchedulingQueue::Wake(const PodUid& uid) {
  const auto at = entries_.find(uid);
  if (at == entries_.end()) return;
  at->second.waits_until = absl::InfinitePast();
  at->second.woken = true;
}

}  // namespace muster::test
