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
  // Whether `ip` is the service's endpoint. Errors as ClusterApi's.
  void IsAnnounced(const std::string& ip, std::function<void(const absl::StatusOr<bool>&)> done);
  // Leaves the service without an endpoint, so that callers are refused at once and
  // not kept waiting by an address that nobody has. If it says another one than
  // `ip`, or does so before this is written, that stays. Errors as ClusterApi's.
  void Retract(const std::string& ip, std::function<void(const absl::Status&)> done);

 private:
  std::string LeasePath() const;
  std::string SliceName() const;
  std::string SlicePath() const;
  void ReadSlice(std::function<void(const absl::StatusOr<std::string>& body)> done);
  void ApplySlice(const LeadAddress& address, const std::string& service_uid,
                  std::function<void(const absl::Status&)> done);
  void Apply(std::string slice, std::function<void(const absl::Status&)> done);

  const LeadObjects objects_;
  const absl::Duration timeout_;
  Transport transport_;
};

}  // namespace muster::kube
