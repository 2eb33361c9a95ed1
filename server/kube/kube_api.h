// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "absl/time/time.h"
#include "server/cluster_api.h"
#include "server/kube/transport.h"

namespace muster::kube {

// The writes to a live cluster, over a connection of their own.
//
// Source:  Kubernetes API 1.30 to 1.37: pods/binding, pods/status, pods/eviction,
//          podtemplates; autoscaling.x-k8s.io/v1.
// Threads: thread-safe. Replies run on the transport's thread; none runs after
//          the destructor.
class KubeApi : public ClusterApi {
 public:
  // `timeout` is for one call.
  KubeApi(Access access, absl::Duration timeout);

  void Bind(const PodVersion& pod, const NodeName& node, const Labels& annotations, Done done) override;
  void Nominate(const PodVersion& pod, const NodeName& node, Done done) override;
  void Annotate(const PodVersion& pod, const Labels& annotations, Done done) override;
  void Evict(const PodVersion& pod, Done done) override;
  void Ungate(const Ungating& pod, Done done) override;
  void Ask(const ProvisioningOrder& order, Done done) override;
  void Withdraw(const ProvisioningRequest& request, Done done) override;
  void Read(const PodName& pod, std::function<void(absl::StatusOr<Pod>)> done) override;

 private:
  void MakeTemplate(std::shared_ptr<const ProvisioningOrder> order, size_t set, Done done);
  void Send(Request request, std::string what, std::function<void(const absl::Status&, const Reply&)> done);

  const absl::Duration timeout_;
  Transport transport_;
};

// Sends the request, once more if its token was refused; `what` names it in
// errors. `transport` calls `done`, and outlives the call.
void Call(Transport& transport, Request request, std::string what,
          std::function<void(const absl::Status&, const Reply&)> done, int tries = 2);

// The Status for an answer of the API server, as ClusterApi documents it.
absl::Status StatusOf(const Reply& reply, const std::string& what);

}  // namespace muster::kube
