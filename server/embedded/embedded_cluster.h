// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/synchronization/mutex.h"
#include "scheduling/model/cluster_view.h"
#include "server/cluster_api.h"

namespace muster {

// A cluster in memory that answers as an API server would: the embedded
// default of `muster serve --cluster`, and the cluster of tests.
//
// Threads: thread-safe. Replies, and the listener, are run by `executor`, one
//          after the other and never within a call.
class EmbeddedCluster : public ClusterApi {
 public:
  using Executor = std::function<void(std::function<void()>)>;
  using Listener = std::function<void(std::shared_ptr<const ClusterView>)>;

  EmbeddedCluster(ClusterView view, Executor executor);

  // Tells `listener` of the cluster as it is now, and after every change.
  void Watch(Listener listener);

  std::shared_ptr<const ClusterView> View() const;

  // Changes the cluster as its users would: creates, deletes, replaces.
  void Change(const std::function<void(ClusterView&)>& change);

  void Bind(const PodVersion& pod, const NodeName& node, const Labels& annotations, Done done) override;
  void Nominate(const PodVersion& pod, const NodeName& node, Done done) override;
  void Annotate(const PodVersion& pod, const Labels& annotations, Done done) override;
  void Evict(const PodVersion& pod, Done done) override;
  void Ungate(const Ungating& pod, Done done) override;
  void Ask(const ProvisioningOrder& order, Done done) override;
  void Withdraw(const ProvisioningRequest& request, Done done) override;
  void Read(const PodName& pod, std::function<void(absl::StatusOr<Pod>)> done) override;

 private:
  absl::Status CheckVersion(const PodVersion& pod) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Store(Pod pod) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Tell() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Reply(Done done, absl::Status status);

  const Executor executor_;
  mutable absl::Mutex mu_;
  ClusterView view_ ABSL_GUARDED_BY(mu_);
  Listener listener_ ABSL_GUARDED_BY(mu_);
  int64_t version_ ABSL_GUARDED_BY(mu_) = 1;
};

}  // namespace muster
