// SPDX-License-Identifier: Apache-2.0
#include "server/commit/nominations.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace muster {
namespace {

// Between filter's refusal and kube-scheduler's write of the pod's status.
constexpr absl::Duration kSettle = absl::Milliseconds(150);
constexpr absl::Duration kFirstPause = absl::Seconds(1);
constexpr absl::Duration kLongestPause = absl::Seconds(10);
constexpr absl::Duration kForget = absl::Minutes(1);

}  // namespace

void Nominations::Tick(const Engine& engine, absl::Time now, Effects& effects) {
  for (const Seat& seat : engine.NominationsWanted()) {
    const auto filtered = filtered_.find(seat.uid);
    if (filtered != filtered_.end() && now - filtered->second < kSettle) continue;
    Sent& last =
        last_.try_emplace(seat.uid, Sent{NodeName(), absl::InfinitePast(), kFirstPause}).first->second;
    if (last.node == seat.node && now < last.next) continue;
    last.pause = last.node == seat.node ? std::min(last.pause * 2, kLongestPause) : kFirstPause;
    last.node = seat.node;
    last.next = now + last.pause;
    ++sent_;
    effects.push_back([this, pod = PodVersion{seat.pod, seat.uid, ""}, node = seat.node] {
      // Whatever comes of it shows in the view, and is asked for again if it failed.
      api_.Nominate(pod, node, [](const absl::Status&) {});
    });
  }
  absl::erase_if(filtered_, [&](const auto& entry) { return now - entry.second > kForget; });
  std::erase_if(last_, [&](const auto& entry) { return now - entry.second.next > kForget; });
}

}  // namespace muster
