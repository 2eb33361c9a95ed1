// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace muster {

// Who leads, as the Lease object says.
//
// Source: coordination.k8s.io/v1 Lease, as client-go's leaderelection uses it.
struct Lease {
  std::string holder;  // empty: it was given up
  absl::Duration duration = absl::ZeroDuration();
  // By the holder's wall clock, for people: nobody compares clocks of two machines.
  absl::Time acquired = absl::UnixEpoch();
  absl::Time renewed = absl::UnixEpoch();
  int64_t transitions = 0;  // how often the holder changed
  std::string version;      // resourceVersion; empty: there is no such object yet

  friend bool operator==(const Lease&, const Lease&) = default;
};

// Reads and writes the one Lease object.
//
// Every call returns at once and calls `done` exactly once, later and on any
// thread, never from within the call itself.
// Threads: thread-safe.
class LeaseApi {
 public:
  using Done = std::function<void(absl::StatusOr<Lease>)>;

  virtual ~LeaseApi() = default;

  //   kNotFound  nobody made it yet
  virtual void ReadLease(Done done) = 0;

  // Writes `lease` in place of the version that it names, or makes it where that
  // is empty, and gives what is there then.
  //   kAborted      somebody else wrote it meanwhile
  //   kUnavailable  no answer: it may be written
  virtual void WriteLease(const Lease& lease, Done done) = 0;
};

}  // namespace muster
