// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "server/clock.h"
#include "server/cluster_api.h"

namespace muster {

// Lets writes through only while this process leads, and until it is closed. Others
// fail with kUnavailable, unwritten.
//
// A write whose answer was lost may be carried out later than that: an API server
// works on a request for a minute (--request-timeout).
//
// Threads: thread-safe. `executor` runs what fails here, not within the call.
class FencedApi : public ClusterApi {
 public:
  using Executor = std::function<void(std::function<void()>)>;

  // `clock` runs on while the machine sleeps.
  FencedApi(ClusterApi& api, std::function<bool()> leads, Executor executor, const Clock& clock)
      : api_(api), leads_(std::move(leads)), executor_(std::move(executor)), clock_(clock) {}

  void Bind(const PodVersion& pod, const NodeName& node, const Labels& annotations, Done done) override;
  void Nominate(const PodVersion& pod, const NodeName& node, Done done) override;
  void Annotate(const PodVersion& pod, const Labels& annotations, Done done) override;
  void Evict(const PodVersion& pod, Done done) override;
  void Ungate(const Ungating& pod, Done done) override;
  void Ask(const ProvisioningOrder& order, Done done) override;
  void Withdraw(const ProvisioningRequest& request, Done done) override;
  void Read(const PodName& pod, std::function<void(absl::StatusOr<Pod>)> done) override;

  // Lets no write through from now on.
  void Close();
  // Waits until nothing is under way, or for `longest`. Whether nothing is, and no
  // write may be carried out later. A read counts, for the write that may follow.
  bool AwaitQuiet(absl::Duration longest);

 private:
  // Null, and `done` has been failed, if this process does not lead.
  Done Admit(Done done);

  ClusterApi& api_;
  const std::function<bool()> leads_;
  const Executor executor_;
  const Clock& clock_;
  absl::Mutex mu_;
  bool closed_ ABSL_GUARDED_BY(mu_) = false;
  int64_t under_way_ ABSL_GUARDED_BY(mu_) = 0;                         // writes and reads
  absl::Time lost_until_ ABSL_GUARDED_BY(mu_) = absl::InfinitePast();  // writes whose answers were lost
};

}  // namespace muster
