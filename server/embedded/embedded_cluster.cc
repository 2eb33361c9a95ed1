// SPDX-License-Identifier: Apache-2.0
#include "server/embedded/embedded_cluster.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace muster {

EmbeddedCluster::EmbeddedCluster(ClusterView view, Executor executor)
    : executor_(std::move(executor)), view_(std::move(view)) {}

void EmbeddedCluster::Watch(Listener listener) {
  absl::MutexLock lock(&mu_);
  listener_ = std::move(listener);
  Tell();
}

std::shared_ptr<const ClusterView> EmbeddedCluster::View() const {
  absl::MutexLock lock(&mu_);
  return std::make_shared<const ClusterView>(view_);
}

void EmbeddedCluster::Change(const std::function<void(ClusterView&)>& change) {
  absl::MutexLock lock(&mu_);
  change(view_);
  Tell();
}

absl::Status EmbeddedCluster::CheckVersion(const PodVersion& pod) const {
  const std::shared_ptr<const Pod> found = view_.FindPod(pod.name);
  if (found == nullptr) return absl::NotFoundError(absl::StrCat("no pod ", pod.name.text()));
  if (found->uid != pod.uid)
    return absl::AbortedError(absl::StrCat("pod ", pod.name.text(), " has another uid"));
  if (!pod.resource_version.empty() && found->resource_version != pod.resource_version) {
    return absl::AbortedError(absl::StrCat("pod ", pod.name.text(), " has changed"));
  }
  return absl::OkStatus();
}

void EmbeddedCluster::Store(Pod pod) {
  pod.resource_version = absl::StrCat(++version_);
  view_.Upsert(std::move(pod));
  Tell();
}

void EmbeddedCluster::Tell() {
  if (!listener_) return;
  executor_([listener = listener_, view = std::make_shared<const ClusterView>(view_)] { listener(view); });
}

void EmbeddedCluster::Reply(Done done, absl::Status status) {
  executor_([done = std::move(done), status = std::move(status)] { done(status); });
}

void EmbeddedCluster::Bind(const PodVersion& pod, const NodeName& node, const Labels&, Done done) {
  absl::MutexLock lock(&mu_);
  absl::Status status = CheckVersion(pod);
  if (status.ok()) {
    Pod next = *view_.FindPod(pod.name);
    if (next.bound() || next.deleting) {
      status = absl::AbortedError(absl::StrCat("pod ", pod.name.text(), " is bound or being deleted"));
    } else {
      next.node = node;
      next.nominated = NodeName();
      Store(std::move(next));
    }
  }
  Reply(std::move(done), std::move(status));
}

void EmbeddedCluster::Nominate(const PodVersion& pod, const NodeName& node, Done done) {
  absl::MutexLock lock(&mu_);
  absl::Status status = CheckVersion(pod);
  if (status.ok()) {
    Pod next = *view_.FindPod(pod.name);
    next.nominated = node;
    Store(std::move(next));
  }
  Reply(std::move(done), std::move(status));
}

void EmbeddedCluster::Annotate(const PodVersion& pod, const Labels& annotations, Done done) {
  absl::MutexLock lock(&mu_);
  absl::Status status = CheckVersion(pod);
  if (status.ok()) {
    Pod next = *view_.FindPod(pod.name);
    const auto consumes = annotations.find("autoscaling.x-k8s.io/consume-provisioning-request");
    if (consumes != annotations.end()) next.consumes = consumes->second;
    Store(std::move(next));
  }
  Reply(std::move(done), std::move(status));
}

void EmbeddedCluster::Ungate(const Ungating& pod, Done done) {
  absl::MutexLock lock(&mu_);
  absl::Status status = CheckVersion({pod.pod, pod.uid, ""});
  if (status.ok()) {
    Pod next = *view_.FindPod(pod.pod);
    next.gates.clear();
    if (!pod.affinity.empty()) next.shape.required_affinity = pod.affinity;
    Store(std::move(next));
  }
  Reply(std::move(done), std::move(status));
}

void EmbeddedCluster::Ask(const ProvisioningOrder& order, Done done) {
  absl::MutexLock lock(&mu_);
  ProvisioningRequest request;
  request.ns = std::string(order.gang.ns());
  request.name = order.name;
  request.gang = order.gang;
  request.attempt = order.attempt;
  view_.Upsert(std::move(request));
  Tell();
  Reply(std::move(done), absl::OkStatus());
}

void EmbeddedCluster::Withdraw(const ProvisioningRequest& request, Done done) {
  absl::MutexLock lock(&mu_);
  view_.RemoveProvisioningRequest(PodName(request.ns, request.name));
  Tell();
  Reply(std::move(done), absl::OkStatus());
}

void EmbeddedCluster::Evict(const PodVersion& pod, Done done) {
  absl::MutexLock lock(&mu_);
  absl::Status status = CheckVersion(pod);
  if (status.ok()) {
    view_.RemovePod(pod.name);
    Tell();
  }
  Reply(std::move(done), std::move(status));
}

void EmbeddedCluster::Read(const PodName& pod, std::function<void(absl::StatusOr<Pod>)> done) {
  absl::MutexLock lock(&mu_);
  const std::shared_ptr<const Pod> found = view_.FindPod(pod);
  absl::StatusOr<Pod> result =
      found == nullptr ? absl::StatusOr<Pod>(absl::NotFoundError(absl::StrCat("no pod ", pod.text())))
                       : absl::StatusOr<Pod>(*found);
  executor_([done = std::move(done), result = std::move(result)] { done(result); });
}

}  // namespace muster
