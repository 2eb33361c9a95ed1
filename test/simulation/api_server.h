// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "scheduling/model/cluster_view.h"
#include "server/cluster_api.h"
#include "server/lead/lease.h"
#include "test/simulation/timeline.h"

namespace muster::test {

// What a watch tells: an object as it is now, or that it is gone.
using ChangedObject = std::variant<std::shared_ptr<const Pod>, PodName, Node, NodeName>;
struct Change {
  int64_t version = 0;
  ChangedObject object;

  bool OfNode() const { return object.index() >= 2; }
};

// The API server and its store: the truth. Requests come without delay here;
// what happens to them on the way is Connection's matter.
//
// Preconditions, conflicts and codes are those of Kubernetes 1.37, as
// ClusterApi names them.
class ApiServer {
 public:
  explicit ApiServer(Timeline& timeline) : timeline_(timeline) {}

  const ClusterView& truth() const { return truth_; }
  int64_t version() const { return version_; }

  // As controllers, kubelets and people write.
  void Put(Pod pod);
  void Put(Node node);
  void Remove(const PodName& name);
  void Remove(const NodeName& name);
  // An unbound pod is gone at once; kubelet ends a bound one.
  void Delete(const PodName& name);

  // Requests.
  absl::Status Bind(const PodVersion& pod, const NodeName& node);
  absl::Status Nominate(const PodVersion& pod, const NodeName& node);
  absl::Status Annotate(const PodVersion& pod);
  // Takes Muster's own gate away.
  absl::Status Ungate(const PodVersion& pod);
  absl::Status Evict(const PodVersion& pod);
  absl::StatusOr<Pod> Read(const PodName& pod) const;
  absl::StatusOr<Lease> ReadLease() const;
  absl::StatusOr<Lease> WriteLease(const Lease& lease);

  // An admission webhook that refuses to bind this pod, for so long after the
  // first time.
  void RefuseBinding(const PodName& pod, absl::Duration duration) {
    refused_[pod] = {duration, std::nullopt};
  }
  // That webhook is taken out.
  void AdmitAll() { refused_.clear(); }
  // A disruption budget that forbids evictions until then.
  void ForbidEvictions(absl::Time until) { no_evictions_until_ = until; }
  // Nothing is answered until then.
  void Stall(absl::Time until) { stalled_until_ = std::max(stalled_until_, until); }
  absl::Time stalled_until() const { return stalled_until_; }

  // Called after each change, before anything else happens.
  void Listen(std::function<void(const Change&)> listener) { listeners_.push_back(std::move(listener)); }

  // The changes after this version; false if they are not remembered any more (410).
  bool Since(int64_t version, const std::function<void(const Change&)>& visit) const;
  // Forgets all changes, as etcd's compaction does.
  void Compact();

 private:
  absl::Status Precondition(const PodVersion& pod) const;
  void Changed(ChangedObject object);

  Timeline& timeline_;
  ClusterView truth_;
  int64_t version_ = 1;
  std::deque<Change> log_;
  int64_t forgotten_ = 1;  // the last change that is not in log_
  Lease lease_;
  struct Refusing {
    absl::Duration duration;
    std::optional<absl::Time> since;
  };
  std::map<PodName, Refusing> refused_;
  absl::Time no_evictions_until_ = absl::InfinitePast();
  absl::Time stalled_until_ = absl::InfinitePast();
  std::vector<std::function<void(const Change&)>> listeners_;
};

}  // namespace muster::test
