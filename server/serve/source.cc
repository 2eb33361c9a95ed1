// SPDX-License-Identifier: Apache-2.0
#include "server/serve/source.h"

#include <spdlog/spdlog.h>

#include <optional>
#include <utility>

#include "server/embedded/embedded_cluster.h"
#include "server/embedded/manifests.h"
#include "server/threads/worker.h"

namespace muster {
namespace {

class FileSource : public ClusterSource {
 public:
  explicit FileSource(ClusterView view)
      : worker_(std::in_place),
        cluster_(std::move(view), [this](std::function<void()> job) { worker_->Run(std::move(job)); }) {}

  ClusterApi& api() override { return cluster_; }
  void Start(Listener listener) override { cluster_.Watch(std::move(listener)); }
  void Stop() override {
    cluster_.Watch(nullptr);
    worker_.reset();
  }
  bool Ready() const override { return true; }

 private:
  std::optional<Worker> worker_;
  EmbeddedCluster cluster_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<ClusterSource>> OpenCluster(const Config::Cluster& config) {
  absl::StatusOr<Manifests> manifests = ReadManifestFiles(config.files);
  if (!manifests.ok()) return manifests.status();
  for (const std::string& note : manifests->notes) spdlog::info("{}", note);
  return std::make_unique<FileSource>(std::move(manifests->view));
}

}  // namespace muster
