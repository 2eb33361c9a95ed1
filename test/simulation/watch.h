// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "scheduling/model/cluster_view.h"
#include "test/simulation/api_server.h"
#include "test/simulation/faults.h"
#include "test/simulation/process.h"
#include "test/simulation/timeline.h"

namespace muster::test {

// What one process knows of the cluster: the truth of a while ago. Pods and
// nodes come over a watch each, so one can be ahead of the other; a watch may
// break, and must list all anew where the API server forgot what came since.
class Watch {
 public:
  using Seen = std::function<void(const std::vector<ChangedObject>&)>;

  // `seen` is told what changed in view(), on the process's own time.
  Watch(Timeline& timeline, ApiServer& api, const Faults& faults, Process& process, Seen seen);

  const ClusterView& view() const { return view_; }
  // Whether both lists are in.
  bool synced() const { return streams_[0].listed && streams_[1].listed; }
  // The view shows every change up to here.
  int64_t version() const { return std::min(streams_[0].version, streams_[1].version); }

 private:
  struct Stream {
    int64_t version = 0;
    bool listed = false;
    bool busy = false;  // something is on its way
  };

  void List(size_t stream);
  void Listed(size_t stream);
  void Poke(size_t stream);
  void Deliver(size_t stream, int64_t up_to);
  absl::Duration Lag();

  Timeline& timeline_;
  ApiServer& api_;
  const Faults& faults_;
  Process& process_;
  const Seen seen_;
  ClusterView view_;
  std::array<Stream, 2> streams_;  // of pods, of nodes
  const std::shared_ptr<int> token_ = std::make_shared<int>(0);
};

}  // namespace muster::test
