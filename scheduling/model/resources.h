// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace muster {

inline constexpr absl::string_view kCpu = "cpu";
inline constexpr absl::string_view kMemory = "memory";
inline constexpr absl::string_view kEphemeralStorage = "ephemeral-storage";
inline constexpr absl::string_view kPods = "pods";

// The pod slots of a pod of which it can't be said what it takes: more than any
// node has, so that nothing more is seated beside it.
inline constexpr int64_t kWholeNode = int64_t{1} << 40;

// Amounts of what a node offers or a pod asks for, by Kubernetes resource name.
//
// Invariant: the scalar amounts are sorted by name and hold no name twice.
// Units:     cpu in millicores, memory and ephemeral storage in bytes, pods in
//            pod slots, every other resource in whole units. Amounts may be
//            negative: an overcommitted node has less than nothing free.
struct Resources {
  int64_t cpu_millis = 0;
  int64_t memory_bytes = 0;
  int64_t ephemeral_bytes = 0;
  int64_t pods = 0;
  std::vector<std::pair<std::string, int64_t>> scalars;  // devices, huge pages, anything else

  // The amount under `name`; 0 where there is none.
  int64_t Get(absl::string_view name) const;
  void Set(absl::string_view name, int64_t amount);

  Resources& operator+=(const Resources& other);
  Resources& operator-=(const Resources& other);
  // Raises every amount to at least that of `other`.
  void RaiseTo(const Resources& other);

  friend bool operator==(const Resources&, const Resources&) = default;
};

// One resource of which `free` has less than a pod requests.
struct Shortage {
  std::string resource;
  int64_t requested = 0;
  int64_t free = 0;
};

// Says whether `request` fits into `free`, as NodeResourcesFit of
// kube-scheduler decides it: a resource that is not requested is not looked
// at, so that a pod without requests fits an overcommitted node; pod slots
// always count.
bool Fits(const Resources& request, const Resources& free);

// What `free` lacks for `request`, in the order cpu, memory, ephemeral
// storage, pods, then the others by name. Empty exactly if it fits.
std::vector<Shortage> Shortages(const Resources& request, const Resources& free);

// How many pods of `request` fit into `free` side by side; at most `limit`.
int64_t CountFitting(const Resources& request, const Resources& free, int64_t limit);

// Whether these amounts include a device: an extended resource other than huge
// pages and attachable volumes.
bool AsksForDevices(const Resources& amounts);

}  // namespace muster
