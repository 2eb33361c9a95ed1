// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "scheduling/model/gpu_inventory.h"
#include "scheduling/model/selector.h"

namespace muster {

// What the labels of a node say about its GPUs, in one form whoever wrote them.
//
// Sources: GPU Feature Discovery of k8s-device-plugin 0.20 (internal/lm) and
//          mig-parted; GKE node labels; Karpenter for AWS, labels of
//          instance types. GPU Feature Discovery goes before the clouds, which
//          say less.
struct GpuLabels {
  enum class MigStrategy { kNone, kSingle, kMixed };

  std::string product;           // bare
  std::string profile;           // that every unit of nvidia.com/gpu is an instance of (strategy single)
  bool marked_shared = false;    // the product ends in -SHARED
  std::optional<int64_t> count;  // of nvidia.com/gpu before sharing; with strategy mixed of the physical GPUs
  std::optional<int64_t> replicas;
  std::optional<int64_t> memory_mib;  // of one device of nvidia.com/gpu
  bool shares = false;                // a sharing strategy is named
  bool is_virtual = false;
  MigStrategy mig = MigStrategy::kNone;
  std::string family;
  std::string clique;
  std::string out_of_use;  // as in GpuInventory
};

// Reads them; a number that is none, negative or absurd reads as unset and is
// told in `problems`.
GpuLabels ReadGpuLabels(const Labels& labels, std::vector<GpuProblem>& problems);

// The label nvidia.com/mig-<profile>.<what> as a number. `resource` is
// nvidia.com/mig-<profile>.
std::optional<int64_t> ReadMigLabel(const Labels& labels, absl::string_view resource, absl::string_view what,
                                    std::vector<GpuProblem>& problems);

}  // namespace muster
