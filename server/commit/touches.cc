// SPDX-License-Identifier: Apache-2.0
#include "server/commit/touches.h"

#include <utility>
#include <vector>

namespace muster {
namespace {

constexpr int64_t kAtATime = 64;

}  // namespace

void Touches::Add(PodVersion pod) {
  absl::MutexLock lock(&state_->mu);
  state_->left.push_back(std::move(pod));
}

void Touches::Send(const Labels& annotations) {
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
    api_->Annotate(pod, annotations, [state = state_, pod](const absl::Status& status) {
      absl::MutexLock lock(&state->mu);
      --state->under_way;
      // Gone, or another pod by now: nothing that could come late.
      const bool settled = status.ok() || absl::IsNotFound(status) || absl::IsAborted(status);
      if (!settled) state->left.push_back(pod);
    });
  }
}

bool Touches::Done() const {
  absl::MutexLock lock(&state_->mu);
  return state_->left.empty() && state_->under_way == 0;
}

}  // namespace muster
