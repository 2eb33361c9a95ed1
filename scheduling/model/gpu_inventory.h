// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace muster {

// The GPUs that a node offers under one resource name.
struct GpuPool {
  enum class Kind {
    kWhole,    // a unit is a GPU, or a share of one
    kMig,      // a MIG instance, or a share of one
    kVirtual,  // a GPU of a virtual machine
    kPlain,    // a device of another vendor, of which the number is all that is known
  };

  std::string resource;
  Kind kind = Kind::kWhole;
  std::string profile = "";  // of kMig, as nvidia-smi writes it but with a dot for a plus sign
  int64_t units = 0;         // that pods may ask for
  int64_t sharers = 1;       // pods that one device is for at a time; more than 1: time-slicing or MPS
  int64_t memory_mib = 0;    // that each of them can count on; 0: not known

  bool shared() const { return sharers > 1; }
  friend bool operator==(const GpuPool&, const GpuPool&) = default;
};

// Something about a node's GPUs that can't be true or is not known. The node is
// used as far as it is safe.
struct GpuProblem {
  enum class Kind {
    kOutOfUse,        // MIG is being configured, or that failed
    kUnreadable,      // a label or a quantity that is no number, negative or absurd
    kFewerUnits,      // than the labels say: a device is broken, or labels are old
    kMoreUnits,       // than the labels say: there may be other products beside that of the label
    kUnknownProduct,  // with MIG instances, so that it is not known how it can be cut
    kUnknownProfile,  // of the product
    kImpossible,      // MIG instances that so many GPUs can't have
    kPlacements,      // ResourceSlices say other placements of MIG instances than are known: theirs count
  };

  Kind kind = Kind::kUnreadable;
  std::string text;  // a clause with the names and numbers
  friend bool operator==(const GpuProblem&, const GpuProblem&) = default;
};

// "out_of_use", "unreadable", ...: the words of JSON and metrics.
absl::string_view Word(GpuProblem::Kind kind);

// What a node publishes about its GPUs.
//
// Invariant: pools are in ascending order of resource, at most one of each.
struct GpuInventory {
  std::string product;       // as the label says, without -MIG-... and -SHARED; empty: not known
  bool one_product = true;   // whether all its GPUs are of `product`
  int64_t memory_mib = 0;    // of a whole GPU; 0: not known
  std::string family;        // ampere, hopper, ...
  std::string clique;        // the NVLink domain and partition that it is in
  int64_t gpus = 0;          // physical ones; 0: not known
  std::string mig_geometry;  // a name that FindMigGeometry knows; empty: not known, or no MIG
  std::vector<GpuPool> pools;
  std::string out_of_use;  // why pods with GPUs of NVIDIA may not come, as a clause; empty: they may
  std::vector<GpuProblem> problems;

  // Null where the node offers no GPUs under that name.
  const GpuPool* Find(absl::string_view resource) const;

  friend bool operator==(const GpuInventory&, const GpuInventory&) = default;
};

}  // namespace muster
