// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/kube/transport.h"
#include "server/lead/lease.h"

namespace muster::kube {

// Where the leader says that it leads.
struct LeadObjects {
  std::string ns;
  std::string lease;
  std::string service;  // without selector; its EndpointSlice has the leader's address
};

// The address at which kube-scheduler, and everybody else, reach this process.
struct LeadAddress {
  std::string ip;
  int http = 0;
  int grpc = 0;
};

// The Lease of a live cluster, and the EndpointSlice by which its holder is
// found, over a connection of their own: a thousand bindings under way don't
// keep a renewal waiting.
//
// Why an EndpointSlice: readiness would take a leader whose node died out of the
// service after about 50 s only.
// Source:  coordination.k8s.io/v1, discovery.k8s.io/v1 of Kubernetes 1.30 to 1.37.
// Threads: thread-safe. Replies run on the transport's thread; none runs after
//          the destructor.
class KubeLead : public LeaseApi {
 public:
  KubeLead(Access access, LeadObjects objects, absl::Duration timeout);

  void ReadLease(Done done) override;
  void WriteLease(const Lease& lease, Done done) override;

  // Makes `address` the one endpoint of the service, in a slice that goes when the
  // service is deleted. Errors as ClusterApi's.
  void Announce(const LeadAddress& address, std::function<void(const absl::Status&)> done);

 private:
  std::string LeasePath() const;
  void ApplySlice(const LeadAddress& address, const std::string& service_uid,
                  std::function<void(const absl::Status&)> done);

  const LeadObjects objects_;
  const absl::Duration timeout_;
  Transport transport_;
};

}  // namespace muster::kube
