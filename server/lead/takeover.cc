// SPDX-License-Identifier: Apache-2.0
#include "server/lead/takeover.h"

#include <utility>
#include <vector>

namespace muster {
namespace {

constexpr int64_t kAtATime = 64;

}  // namespace

Takeover::Takeover(ClusterApi& api, std::string epoch)
    : api_(&api), epoch_(std::move(epoch)), state_(std::make_shared<State>()) {}

void Takeover::Begin(const ClusterView& view) {
  absl::MutexLock lock(&state_->mu);
  if (state_->begun) return;
  state_->begun = true;
  std::deque<PodVersion>& left = state_->left;
  view.pods().ForEach([&](const PodName& name, const std::shared_ptr<const Pod>& pod) {
    const bool seated_here = pod->membership.has_value() || !pod->shape.requests.scalars.empty();
    if (pod->pending() && seated_here) left.push_back({name, pod->uid, ""});
  });
}

bool Takeover::Begun() const {
  absl::MutexLock lock(&state_->mu);
  return state_->begun;
}

void Takeover::Tick() {
  std::vector<PodVersion> now;
  {
    absl::MutexLock lock(&state_->mu);
    while (!state_->left.empty() && state_->under_way < kAtATime) {
      now.push_back(std::move(state_->left.front()));
      state_->left.pop_front();
      ++state_->under_way;
    }
  }
  for (const PodVersion& pod : now) {
    api_->Annotate(pod, {{"muster.dev/epoch", epoch_}}, [state = state_, pod](const absl::Status& status) {
      absl::MutexLock lock(&state->mu);
      --state->under_way;
      // Gone, or another pod by now: nothing that could come late.
      const bool settled = status.ok() || absl::IsNotFound(status) || absl::IsAborted(status);
      if (!settled) state->left.push_back(pod);
    });
  }
}

bool Takeover::Done() const {
  absl::MutexLock lock(&state_->mu);
  return state_->begun && state_->left.empty() && state_->under_way == 0;
}

}  // namespace muster
