// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "scheduling/model/node.h"

namespace muster {

// The nodes that a provider takes back together: of one instance type in one zone.
struct Pool {
  std::string instance_type;
  std::string zone;

  friend bool operator==(const Pool&, const Pool&) = default;
  friend auto operator<=>(const Pool&, const Pool&) = default;
};

// By the node's labels node.kubernetes.io/instance-type and
// topology.kubernetes.io/zone; a part is empty where the label is missing.
Pool PoolOf(const Node& node);

// How much nodes are to be avoided where others are as good: at one moment.
//
// Threads: a value.
class Penalties {
 public:
  Penalties() = default;
  explicit Penalties(std::vector<std::pair<Pool, int64_t>> pools) : pools_(std::move(pools)) {}

  // 0: not at all. A node that Cluster Autoscaler would remove has 1: pods on it
  // keep it. One whose pool was reclaimed has up to 10 more per reclaimed node.
  int64_t Of(const Node& node) const;

 private:
  std::vector<std::pair<Pool, int64_t>> pools_;
};

// Remembers from which pools nodes were taken back, less and less.
//
// Time:    callers pass it in, never going back.
// Threads: thread-compatible; a value.
class Reclaims {
 public:
  // Each reclaimed node counts half after `half_life`.
  explicit Reclaims(absl::Duration half_life) : half_life_(half_life) {}

  void Note(const Pool& pool, absl::Time now);
  // Pools of which less than a tenth of a node is left are forgotten.
  Penalties At(absl::Time now) const;
  void Forget(absl::Time now);
  // Reclaimed nodes of the pool that still count.
  double Heat(const Pool& pool, absl::Time now) const;

 private:
  struct Entry {
    double heat = 0;
    absl::Time since;
  };
  double Cooled(const Entry& entry, absl::Time now) const;

  absl::Duration half_life_;
  std::map<Pool, Entry> pools_;
};

}  // namespace muster
