// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "server/cluster_api.h"
#include "server/lead/lease.h"
#include "test/simulation/api_server.h"
#include "test/simulation/faults.h"
#include "test/simulation/process.h"
#include "test/simulation/timeline.h"

namespace muster::test {

// What the connection of one Muster process tells of its writes.
class Witness {
 public:
  virtual ~Witness() = default;
  // Anything but the lease is written.
  virtual void Writes(const Process& sender) = 0;
  // The write leaves the process now, as far as the process knows.
  virtual void BindingSent(const Process& sender, const PodVersion& pod, const NodeName& node) = 0;
  // It was done, however late.
  virtual void Bound(const Process& sender, const PodName& pod, const NodeName& node) = 0;
  // It is about to be done.
  virtual void Evicts(const Process& sender, const PodVersion& pod) = 0;
  // The process ends here.
  virtual void Crashed(const Process& sender) = 0;
};

// The way of one Muster process to the API server and back, with all that can
// happen to calls on it. It outlives its process, as calls on their way do.
class Connection : public ClusterApi, public LeaseApi {
 public:
  using Done = ClusterApi::Done;

  Connection(Timeline& timeline, ApiServer& api, const Faults& faults, Process& process, Witness& witness)
      : timeline_(timeline), api_(api), faults_(faults), process_(process), witness_(witness) {}

  void Bind(const PodVersion& pod, const NodeName& node, const Labels& annotations, Done done) override;
  void Nominate(const PodVersion& pod, const NodeName& node, Done done) override;
  void Annotate(const PodVersion& pod, const Labels& annotations, Done done) override;
  void Evict(const PodVersion& pod, Done done) override;
  // Nothing here is gated, or bought.
  void Ungate(const Ungating& pod, Done done) override;
  void Ask(const ProvisioningOrder&, Done) override {}
  void Withdraw(const ProvisioningRequest&, Done) override {}
  void Read(const PodName& pod, std::function<void(absl::StatusOr<Pod>)> done) override;
  void ReadLease(LeaseApi::Done done) override;
  void WriteLease(const Lease& lease, LeaseApi::Done done) override;

 private:
  // A write may be the last thing that the process does.
  void Write(std::function<absl::Status()> act, Done done, bool lease = false);
  void Send(std::function<absl::Status()> act, Done done);
  void Arrive(std::function<absl::Status()> act, Done done);
  void Reply(const Done& done, absl::Status status);
  absl::Duration Latency();

  Timeline& timeline_;
  ApiServer& api_;
  const Faults& faults_;
  Process& process_;
  Witness& witness_;
};

}  // namespace muster::test
