// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "test/simulation/api_server.h"
#include "test/simulation/bind_call.h"
#include "test/simulation/extender.h"
#include "test/simulation/faults.h"
#include "test/simulation/process.h"
#include "test/simulation/scheduling_queue.h"
#include "test/simulation/timeline.h"
#include "test/simulation/violations.h"
#include "test/simulation/watch.h"

namespace muster::test {

// Pods of this name prefix are none of the resources that the extender manages:
// they never come to Muster.
inline constexpr absl::string_view kOutsider = "outsider-";

// One life of kube-scheduler: takes pods from its queue, tries the nominated
// node alone and then a window of nodes, asks Muster, assumes the answer,
// prepares volumes, and calls bind. What it knows of the cluster is what its
// watch told it, and what it assumed.
//
// Source: pkg/scheduler/schedule_one.go, eventhandlers.go and extender.go of
//         Kubernetes 1.37. scripts/ holds it to the real one.
class KubeScheduler {
 public:
  struct Options {
    std::vector<std::string> profiles = {"default-scheduler"};
    absl::Duration http_timeout = absl::Seconds(60);
    bool small_windows = true;  // it may look at a few nodes only, as a tenth of many
    // Makes what a pod needs on its node, and says when that is done. Null: after
    // a while.
    std::function<void(const Pod& pod, std::function<void()> ready)> prepare = nullptr;
  };

  KubeScheduler(Timeline& timeline, ApiServer& api, const Faults& faults, SimulatedExtender& extender,
                Violations& violations, Options options);

  // SIGKILL. The extender notices within half a second.
  void Kill();
  // Calls that this process of the extender holds come back as errors.
  void ServerDied(const void* server);
  // The reason of the pod's PodScheduled condition; empty without one.
  std::string ReasonOf(const PodUid& uid) const;
  // Whether a caller waits for this binding, as far as Muster can know.
  bool Awaits(const PodUid& uid, const NodeName& node) const;

 private:
  struct Assumed {
    PodName name;
    NodeName node;
    Resources requests;
    bool bound = false;  // until the watch shows it
    std::shared_ptr<SimulatedBindCall> call = nullptr;
    const void* server = nullptr;  // that holds the call
  };
  // The node, nothing if it was refused, or an error.
  using Answer = absl::StatusOr<std::optional<NodeName>>;

  void Seen(const std::vector<ChangedObject>& changes);
  void SeenPod(const std::shared_ptr<const Pod>& pod);
  void LoopSoon();
  void Loop();
  void Schedule(const Pod& pod);
  bool HasRoom(const Pod& pod, const NodeState& state) const;
  std::vector<std::string> Window(const Pod& pod);
  Answer Ask(const Pod& pod, const std::vector<std::string>& nodes);
  enum class Failure { kNoNodeFits, kRefused, kError };
  void Failed(const Pod& pod, Failure failure);
  void WriteStatus(const Pod& pod, const NodeName& nominated);
  NodeName Preempt(const Pod& pod);
  void Assume(const Pod& pod, const NodeName& node);
  void BindWithExtender(const Pod& pod, const NodeName& node);
  void BindDirectly(const Pod& pod, const NodeName& node);
  void BindEnded(const PodUid& uid, const absl::Status& status);

  Timeline& timeline_;
  ApiServer& api_;
  const Faults& faults_;
  SimulatedExtender& extender_;
  Violations& violations_;
  const Options options_;
  Process process_;
  const size_t window_;  // how many nodes it looks at; as a tenth of many
  size_t next_ = 0;      // where the next window begins
  SchedulingQueue queue_;
  std::map<PodUid, Assumed> assumed_;
  std::multimap<PodUid, std::shared_ptr<SimulatedBindCall>> calls_;  // all that may be held
  std::map<PodUid, Failure> failures_;                               // as the condition says, last written
  std::vector<std::shared_ptr<const Pod>> nominated_;                // in the current attempt
  absl::Time loop_at_ = absl::InfiniteFuture();
  absl::Time blocked_until_ = absl::InfinitePast();
  std::unique_ptr<Watch> watch_;
};

}  // namespace muster::test
