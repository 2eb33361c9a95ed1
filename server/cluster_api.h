// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "scheduling/model/ids.h"
#include "scheduling/model/pod.h"
#include "scheduling/model/scale_up.h"
#include "scheduling/model/scale_up_orders.h"
#include "scheduling/model/selector.h"

namespace muster {

// A pod that exactly one life of exactly one version of is meant.
struct PodVersion {
  PodName name;
  PodUid uid;
  std::string resource_version;  // empty: any version of this uid
};

// The writes that Muster makes to the cluster, and the one read that some of
// their failures need.
//
// Every call returns at once and calls `done` exactly once, later and on any
// thread, never from within the call itself.
// Threads: thread-safe.
class ClusterApi {
 public:
  using Done = std::function<void(absl::Status)>;

  virtual ~ClusterApi() = default;

  // Binds the pod to the node and adds the annotations to it.
  //   kNotFound      no such pod
  //   kAborted       the precondition failed (HTTP 409): another uid or version,
  //                  already bound here or elsewhere, or being deleted; read the
  //                  pod to know which
  //   kPermissionDenied, kInvalidArgument   retrying is useless
  //   kUnavailable   no answer, 429 or 5xx: the binding may have happened
  virtual void Bind(const PodVersion& pod, const NodeName& node, const Labels& annotations, Done done) = 0;

  // Sets status.nominatedNodeName; an empty node clears it. Errors as Bind.
  virtual void Nominate(const PodVersion& pod, const NodeName& node, Done done) = 0;

  // Adds the annotations to the pod, which gives it another version: writes that
  // name an older one fail from then on. Errors as Bind.
  virtual void Annotate(const PodVersion& pod, const Labels& annotations, Done done) = 0;

  // Evicts the pod through the eviction API, under its disruption budgets.
  // kResourceExhausted if a budget forbids it now; other errors as Bind.
  virtual void Evict(const PodVersion& pod, Done done) = 0;

  // Takes Muster's gate, the only one that is left, from the pod, and narrows its
  // required node affinity if it says so. Errors as Bind.
  virtual void Ungate(const Ungating& pod, Done done) = 0;

  // Makes the PodTemplates of the order, then its ProvisioningRequest; what is
  // there already stays. kNotFound where the cluster has no such kind, or a pod
  // is gone; other errors as Bind.
  virtual void Ask(const ProvisioningOrder& order, Done done) = 0;

  // Deletes the request and its PodTemplates. Errors as Bind.
  virtual void Withdraw(const ProvisioningRequest& request, Done done) = 0;

  // Reads the pod past every cache. kNotFound, or errors as Bind.
  virtual void Read(const PodName& pod, std::function<void(absl::StatusOr<Pod>)> done) = 0;
};

}  // namespace muster
