// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "scheduling/model/pod.h"
#include "server/cluster_api.h"

namespace muster {

// Gives pods another version, by annotations: writes that name the one before
// fail from then on, and kube-scheduler tries a pod that it had put aside again.
//
// Invariant: a pod that was added is written until that succeeds, or until it is
//            gone or another one.
// Threads:   thread-safe.
class Touches {
 public:
  // `api` outlives this and its calls.
  explicit Touches(ClusterApi& api) : api_(&api), state_(std::make_shared<State>()) {}

  void Add(PodVersion pod);
  // Writes what is left, a bounded number at a time.
  void Send(const Labels& annotations);
  // Whether every pod that was added has another version, or is gone.
  bool Done() const;

 private:
  struct State {
    absl::Mutex mu;
    std::deque<PodVersion> left ABSL_GUARDED_BY(mu);
    int64_t under_way ABSL_GUARDED_BY(mu) = 0;
  };

  ClusterApi* api_;
  std::shared_ptr<State> state_;
};

}  // namespace muster
