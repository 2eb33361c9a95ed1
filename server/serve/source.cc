// SPDX-License-Identifier: Apache-2.0
#include "server/serve/source.h"

#include <spdlog/spdlog.h>

#include <atomic>
#include <optional>
#include <utility>

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
  explicit KubeSource(kube::Access access)
      : access_(std::move(access)), api_(std::in_place, access_, kCallTimeout) {}

  ClusterApi& api() override { return *api_; }
  void Start(Listener listener) override {
    watch_.emplace(access_, kube::ClusterWatch::Options{}, std::move(listener));
    started_ = true;
  }
  void Stop() override {
    started_ = false;
    watch_.reset();
    api_.reset();
  }
  bool Ready() const override { return started_ && watch_->Ready(); }

 private:
  static constexpr absl::Duration kCallTimeout = absl::Seconds(10);

  const kube::Access access_;
  std::optional<kube::KubeApi> api_;
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

absl::StatusOr<std::unique_ptr<ClusterSource>> OpenCluster(const Config::Cluster& config) {
  if (!config.files.empty()) return OpenFiles(config.files);
  absl::StatusOr<kube::Access> access =
      config.kubeconfig.empty() ? kube::InCluster() : kube::FromKubeconfig(config.kubeconfig);
  if (!access.ok()) return access.status();
  return std::make_unique<KubeSource>(*std::move(access));
}

}  // namespace muster
