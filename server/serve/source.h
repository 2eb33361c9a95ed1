// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>

#include "absl/status/statusor.h"
#include "scheduling/model/cluster_view.h"
#include "server/cluster_api.h"
#include "server/config/config.h"
#include "server/kube/kube_lead.h"

namespace muster {

// Where the cluster is: behind an API server, or in files.
//
// Threads: thread-safe, but for Start.
class ClusterSource {
 public:
  using Listener = std::function<void(std::shared_ptr<const ClusterView>)>;

  virtual ~ClusterSource() = default;

  // The writes to this cluster. Lives as long as the source.
  virtual ClusterApi& api() = 0;

  // Where leaders are elected; null where this process is the only one. Lives as
  // long as the source.
  virtual kube::KubeLead* lead() = 0;

  // Tells `listener` of every view from now on. Called once.
  virtual void Start(Listener listener) = 0;

  // Ends all that is under way: no listener and no reply runs afterwards.
  virtual void Stop() = 0;

  // Whether the view is complete and not out of date.
  virtual bool Ready() const = 0;
};

// The source that `config` names. The error of what can't be read.
absl::StatusOr<std::unique_ptr<ClusterSource>> OpenCluster(const Config& config);

}  // namespace muster
