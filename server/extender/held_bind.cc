// SPDX-License-Identifier: Apache-2.0
#include "server/extender/held_bind.h"

namespace muster {

bool HeldBind::Alive() const {
  absl::MutexLock lock(&mu_);
  return !gone_ && !answer_.has_value();
}

void HeldBind::End(const absl::Status& status) {
  absl::MutexLock lock(&mu_);
  if (!answer_.has_value()) answer_ = status;
}

void HeldBind::CallerGone() {
  absl::MutexLock lock(&mu_);
  gone_ = true;
}

std::optional<absl::Status> HeldBind::AwaitAnswer(absl::Duration patience) const {
  absl::MutexLock lock(&mu_);
  mu_.AwaitWithTimeout(absl::Condition(this, &HeldBind::Answered), patience);
  return answer_;
}

}  // namespace muster
