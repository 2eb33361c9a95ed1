// SPDX-License-Identifier: Apache-2.0
#include "server/lead/fenced_api.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace muster {
namespace {

constexpr absl::Duration kRequestTimeout = absl::Minutes(1);

}  // namespace

ClusterApi::Done FencedApi::Admit(Done done) {
  const bool leads = leads_();
  bool closed = false;
  {
    absl::MutexLock lock(&mu_);
    closed = closed_;
    if (leads && !closed) ++under_way_;
  }
  if (!leads || closed) {
    executor_([done = std::move(done), why = closed ? "is stopping" : "does not lead"] {
      done(absl::UnavailableError(absl::StrCat("nothing is written: this replica ", why)));
    });
    return nullptr;
  }
  return [this, done = std::move(done)](absl::Status status) {
    const bool lost = absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status);
    done(std::move(status));
    absl::MutexLock lock(&mu_);
    --under_way_;
    if (lost) lost_until_ = clock_.Now() + kRequestTimeout;
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
  {
    absl::MutexLock lock(&mu_);
    ++under_way_;
  }
  api_.Read(pod, [this, done = std::move(done)](absl::StatusOr<Pod> result) {
    done(std::move(result));
    absl::MutexLock lock(&mu_);
    --under_way_;
  });
}

void FencedApi::Close() {
  absl::MutexLock lock(&mu_);
  closed_ = true;
}

bool FencedApi::AwaitQuiet(absl::Duration longest) {
  absl::MutexLock lock(&mu_);
  const auto quiet = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return under_way_ == 0; };
  return mu_.AwaitWithTimeout(absl::Condition(&quiet), longest) && clock_.Now() >= lost_until_;
}

}  // namespace muster
