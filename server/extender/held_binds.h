// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <set>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "server/extender/held_bind.h"

namespace muster {

// The held bind calls of a server, so that a server that stops can end them.
// Threads: thread-safe.
class HeldBinds {
 public:
  // Ended at once if EndAll() was called.
  std::shared_ptr<HeldBind> Add();
  void Remove(const std::shared_ptr<HeldBind>& held);

  // Ends all, now and from now on.
  void EndAll(const absl::Status& reason);

  size_t size() const;

 private:
  mutable absl::Mutex mu_;
  absl::Status ended_ ABSL_GUARDED_BY(mu_);
  std::set<std::shared_ptr<HeldBind>> held_ ABSL_GUARDED_BY(mu_);
};

}  // namespace muster
