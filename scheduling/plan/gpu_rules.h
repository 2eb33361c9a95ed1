// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "scheduling/model/node.h"
#include "scheduling/model/pod.h"

namespace muster {

// Whether the amounts include GPUs, whole or in part.
bool AsksForGpus(const Resources& requests);

// The rules about GPUs that keep a shape off a node whatever is free there, and
// that kube-scheduler does not know: the node's GPUs are in use at all, of a
// product that the pod wants and of that of its gang, with enough memory. What
// a node does not say satisfies no wish.
//
// Threads: thread-compatible; keeps what it found for each product.
class GpuRules {
 public:
  // Both outlive this. `gang_product`, if not null, is the one for the gang's GPUs.
  GpuRules(const PodShape& shape, const std::string* gang_product);

  bool Allow(const Node& node) { return !concerned_ || Against(node).empty(); }
  // The first rule that keeps the shape off, as a clause for people; empty if none does.
  std::string Against(const Node& node);

 private:
  std::string AgainstProduct(const GpuInventory& gpus);
  std::string AgainstMemory(const GpuInventory& gpus) const;
  bool IsWanted(const std::string& product);

  const PodShape& shape_;
  const std::string* gang_product_;
  bool concerned_;                                 // the shape asks for GPUs
  bool nvidia_;                                    // of NVIDIA
  absl::flat_hash_map<std::string, bool> wanted_;  // by product
};

}  // namespace muster
