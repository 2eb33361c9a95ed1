// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "server/cluster_api.h"

namespace muster {

// Lets writes through only while this process leads. Others fail with
// kUnavailable, unwritten.
//
// Threads: thread-safe. `executor` runs what fails here, not within the call.
class FencedApi : public ClusterApi {
 public:
  using Executor = std::function<void(std::function<void()>)>;

  FencedApi(ClusterApi& api, std::function<bool()> leads, Executor executor)
      : api_(api), leads_(std::move(leads)), executor_(std::move(executor)) {}

  void Bind(const PodVersion& pod, const NodeName& node, const Labels& annotations, Done done) override;
  void Nominate(const PodVersion& pod, const NodeName& node, Done done) override;
  void Annotate(const PodVersion& pod, const Labels& annotations, Done done) override;
  void Evict(const PodVersion& pod, Done done) override;
  void Ungate(const Ungating& pod, Done done) override;
  void Ask(const ProvisioningOrder& order, Done done) override;
  void Withdraw(const ProvisioningRequest& request, Done done) override;
  void Read(const PodName& pod, std::function<void(absl::StatusOr<Pod>)> done) override;

  // Waits until no write is under way, or for `longest`. Whether none is.
  bool AwaitQuiet(absl::Duration longest);

 private:
  // Null, and `done` has been failed, if this process does not lead.
  Done Admit(Done done);

  ClusterApi& api_;
  const std::function<bool()> leads_;
  const Executor executor_;
  absl::Mutex mu_;
  int64_t under_way_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace muster
