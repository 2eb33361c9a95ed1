// SPDX-License-Identifier: Apache-2.0
#include "server/lead/fenced_api.h"

#include <utility>

namespace muster {

ClusterApi::Done FencedApi::Admit(Done done) {
  if (!leads_()) {
    executor_([done = std::move(done)] {
      done(absl::UnavailableError("nothing is written: this replica does not lead"));
    });
    return nullptr;
  }
  {
    absl::MutexLock lock(&mu_);
    ++under_way_;
  }
  return [this, done = std::move(done)](absl::Status status) {
    done(std::move(status));
    absl::MutexLock lock(&mu_);
    --under_way_;
  };
}

void FencedApi::Bind(const PodVersion& pod, const NodeName& node, const Labels& annotations, Done done) {
  if (Done admitted = Admit(std::move(done))) api_.Bind(pod, node, annotations, std::move(admitted));
}

void FencedApi::Nominate(const PodVersion& pod, const NodeName& node, Done done) {
  if (Done admitted = Admit(std::move(done))) api_.Nominate(pod, node, std::move(admitted));
}

void FencedApi::Annotate(const PodVersion& pod, const Labels& annotations, Done done) {
  if (Done admitted = Admit(std::move(done))) api_.Annotate(pod, annotations, std::move(admitted));
}

void FencedApi::Evict(const PodVersion& pod, Done done) {
  if (Done admitted = Admit(std::move(done))) api_.Evict(pod, std::move(admitted));
}

void FencedApi::Ungate(const Ungating& pod, Done done) {
  if (Done admitted = Admit(std::move(done))) api_.Ungate(pod, std::move(admitted));
}

void FencedApi::Ask(const ProvisioningOrder& order, Done done) {
  if (Done admitted = Admit(std::move(done))) api_.Ask(order, std::move(admitted));
}

void FencedApi::Withdraw(const ProvisioningRequest& request, Done done) {
  if (Done admitted = Admit(std::move(done))) api_.Withdraw(request, std::move(admitted));
}

void FencedApi::Read(const PodName& pod, std::function<void(absl::StatusOr<Pod>)> done) {
  api_.Read(pod, std::move(done));
}

bool FencedApi::AwaitQuiet(absl::Duration longest) {
  absl::MutexLock lock(&mu_);
  const auto quiet = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return under_way_ == 0; };
  return mu_.AwaitWithTimeout(absl::Condition(&quiet), longest);
}

}  // namespace muster
