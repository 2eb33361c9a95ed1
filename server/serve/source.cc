// SPDX-License-Identifier: Apache-2.0
#include "server/serve/source.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_split.h"
#include "server/embedded/embedded_cluster.h"
#include "server/embedded/manifests.h"
#include "server/kube/cluster_watch.h"
#include "server/kube/credentials.h"
#include "server/kube/kube_api.h"
#include "server/threads/worker.h"

namespace muster {
namespace {

class FileSource : public ClusterSource {
 public:
  explicit FileSource(ClusterView view)
      : worker_(std::in_place),
        cluster_(std::move(view), [this](std::function<void()> job) { worker_->Run(std::move(job)); }) {}

  ClusterApi& api() override { return cluster_; }
  kube::KubeLead* lead() override { return nullptr; }
  void Start(Listener listener) override {
    cluster_.Watch([this, listener = std::move(listener)](std::shared_ptr<const ClusterView> view) {
      listener(std::move(view));
      ready_ = true;
    });
  }
  void Stop() override {
    cluster_.Watch(nullptr);
    worker_.reset();
  }
  bool Ready() const override { return ready_; }

 private:
  std::optional<Worker> worker_;
  EmbeddedCluster cluster_;
  std::atomic<bool> ready_ = false;  // whether the listener knows the cluster
};

class KubeSource : public ClusterSource {
 public:
  KubeSource(kube::Access access, const Config::Lead& lead)
      : access_(std::move(access)), api_(std::in_place, access_, kCallTimeout) {
    if (lead.lease.empty()) return;
    const std::pair<std::string, std::string> name = absl::StrSplit(lead.lease, '/');
    // A renewal that takes longer than this is tried again before it is too late.
    const absl::Duration timeout = std::max(lead.retry_period, lead.renew_deadline / 3);
    lead_.emplace(access_, kube::LeadObjects{name.first, name.second, lead.service}, timeout);
  }

  ClusterApi& api() override { return *api_; }
  kube::KubeLead* lead() override { return lead_.has_value() ? &*lead_ : nullptr; }
  void Start(Listener listener) override {
    watch_.emplace(access_, kube::ClusterWatch::Options{}, std::move(listener));
    started_ = true;
  }
  void Stop() override {
    started_ = false;
    watch_.reset();
    api_.reset();
    lead_.reset();
  }
  bool Ready() const override { return started_ && watch_->Ready(); }

 private:
  static constexpr absl::Duration kCallTimeout = absl::Seconds(10);

  const kube::Access access_;
  std::optional<kube::KubeApi> api_;
  std::optional<kube::KubeLead> lead_;
  std::optional<kube::ClusterWatch> watch_;
  std::atomic<bool> started_ = false;
};

absl::StatusOr<std::unique_ptr<ClusterSource>> OpenFiles(const std::vector<std::string>& files) {
  absl::StatusOr<Manifests> manifests = ReadManifestFiles(files);
  if (!manifests.ok()) return manifests.status();
  for (const std::string& note : manifests->notes) spdlog::info("{}", note);
  return std::make_unique<FileSource>(std::move(manifests->view));
}

}  // namespace

absl::StatusOr<std::unique_ptr<ClusterSource>> OpenCluster(const Config& config) {
  const Config::Cluster& cluster = config.cluster;
  if (!cluster.files.empty()) return OpenFiles(cluster.files);
  absl::StatusOr<kube::Access> access =
      cluster.kubeconfig.empty() ? kube::InCluster() : kube::FromKubeconfig(cluster.kubeconfig);
  if (!access.ok()) return access.status();
  return std::make_unique<KubeSource>(*std::move(access), config.lead);
}

}  // namespace muster
