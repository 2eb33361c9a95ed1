// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "server/service.h"

namespace muster {

// A bind call over HTTP whose answer is outstanding: the service has one end,
// the thread of the caller's connection the other.
//
// Invariant: the first of answer, end and disappearance of the caller counts.
// Threads:   thread-safe.
class HeldBind : public HeldCall {
 public:
  bool Alive() const override;
  void Answer(const absl::Status& status) override { End(status); }

  // Ends the call without the service.
  void End(const absl::Status& status);

  // The caller's connection is closed or broken.
  void CallerGone();

  // The answer, as soon as there is one; nullopt if there is none within
  // `patience`.
  std::optional<absl::Status> AwaitAnswer(absl::Duration patience) const;

 private:
  bool Answered() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return answer_.has_value(); }

  mutable absl::Mutex mu_;
  std::optional<absl::Status> answer_ ABSL_GUARDED_BY(mu_);
  bool gone_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace muster
