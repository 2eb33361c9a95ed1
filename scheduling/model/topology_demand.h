// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace muster {

// One layer of slices: the members, in order of their ranks, go in groups of
// `size`, and each group into one domain of `level`.
struct SliceDemand {
  std::string level;
  int64_t size = 0;

  friend bool operator==(const SliceDemand&, const SliceDemand&) = default;
};

// How long a gang waits for the close placement that it did not ask for.
enum class Closeness {
  kStrict,   // for ever
  kPatient,  // for a time
  kEager,    // not at all
};

// The fields that say something, for messages. Who says it does not matter
// otherwise, so that all are equal.
struct SaidBy {
  std::string fields;  // empty: not known

  friend bool operator==(const SaidBy&, const SaidBy&) { return true; }
};

// What a gang, or a part of one, asks of the fabric.
//
// Levels are written as the declaration has them (a label key, a name, an
// alias, "tier-2" of HyperNodes); topology/ finds what they mean.
struct TopologyDemand {
  std::string topology;             // the topology object that is meant; empty: the first that has the level
  std::string required;             // all members in one domain of this level, or no seats; empty: none
  std::string preferred;            // the same if it can be had, else as close as it can; empty: none
  bool preferred_if_known = false;  // where no topology has that level, there is no such wish
  std::vector<SliceDemand> slices;  // outermost first, each size a multiple of the next
  std::string exclusive;            // the domain of this level holds no other gang's, or subgroup's, members
  std::string spread;               // every member in a domain of its own at this level
  bool unconstrained = false;       // the declaration says that there is no wish
  SaidBy said_by = {};

  std::optional<Closeness> closeness;  // of the default demand; unset: as configured

  // Whether nothing is said, so that the default demand applies.
  bool empty() const {
    TopologyDemand silent;
    silent.closeness = closeness;
    return *this == silent;
  }

  friend bool operator==(const TopologyDemand&, const TopologyDemand&) = default;
};

}  // namespace muster
