// SPDX-License-Identifier: Apache-2.0
#include "server/extender/held_binds.h"

namespace muster {

std::shared_ptr<HeldBind> HeldBinds::Add() {
  auto held = std::make_shared<HeldBind>();
  absl::MutexLock lock(&mu_);
  if (!ended_.ok()) held->End(ended_);
  held_.insert(held);
  return held;
}

void HeldBinds::Remove(const std::shared_ptr<HeldBind>& held) {
  absl::MutexLock lock(&mu_);
  held_.erase(held);
}

void HeldBinds::EndAll(const absl::Status& reason) {
  absl::MutexLock lock(&mu_);
  ended_ = reason;
  for (const std::shared_ptr<HeldBind>& held : held_) held->End(reason);
}

size_t HeldBinds::size() const {
  absl::MutexLock lock(&mu_);
  return held_.size();
}

}  // namespace muster
