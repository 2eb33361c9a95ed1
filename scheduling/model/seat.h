// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "scheduling/model/capacity.h"
#include "scheduling/model/ids.h"
#include "scheduling/model/pod.h"
#include "scheduling/model/rare.h"
#include "scheduling/model/resources.h"

namespace muster {

// A place on a node for one member of a gang.
struct Seat {
  PodName pod;
  PodUid uid;
  std::string role;
  std::optional<int64_t> rank;
  NodeName node;
  Resources requests;                                // what the seat takes from the node
  CapacityClass capacity = CapacityClass::kUnknown;  // the node's, in reports alone
  Rare<PodClaims> claims = {};                       // of devices, that the pod names

  friend bool operator==(const Seat&, const Seat&) = default;
};

// A seat for the pod on the node.
Seat SeatOf(const Pod& pod, const NodeName& node);

// How many nodes one cause keeps a shape off.
struct Exclusion {
  std::string cause;  // a clause such as "insufficient nvidia.com/gpu" or "node selector"
  int64_t nodes = 0;

  friend bool operator==(const Exclusion&, const Exclusion&) = default;
};

// How much of a gang finds room within one domain of a level.
struct LevelFit {
  std::string level;
  int64_t fits = 0;        // members side by side in the best domain
  std::string best = "";   // that domain's path
  int64_t holding = 0;     // domains that hold all that is needed
  int64_t domains = 0;     // domains that there are
  bool cut_short = false;  // not all of them were looked at: `fits` and `holding` are at least

  friend bool operator==(const LevelFit&, const LevelFit&) = default;
};

// How many whole slices find room.
struct SliceFit {
  std::string level;
  int64_t size = 0;  // members of each
  int64_t fits = 0;
  int64_t of = 0;

  friend bool operator==(const SliceFit&, const SliceFit&) = default;
};

// What somebody could do to make room.
struct Advice {
  enum class Kind {
    kCut,    // a free GPU into MIG instances
    kRecut,  // a GPU whose MIG instances are not in use
    kEvict,  // pods of lower priority
  };

  Kind kind = Kind::kCut;
  std::string text;  // a clause with the names and numbers

  friend bool operator==(const Advice&, const Advice&) = default;
};

// "cut", "recut", "evict": the words of JSON and metrics.
absl::string_view Word(Advice::Kind kind);

// Why a gang has no seats, with the numbers. An answer, not an error.
struct Refusal {
  enum class Kind {
    kIncomplete,  // members are missing, or not yet ready to be planned
    kInvalid,     // the declaration can't be satisfied by any capacity
    kNoRoom,      // some member fits nowhere now
    kNeverFits,   // not even in the empty cluster
  };

  Kind kind = Kind::kNoRoom;
  int64_t fits = 0;                      // members that have or could have a seat side by side
  int64_t of = 0;                        // members that the gang needs
  int64_t nodes = 0;                     // nodes looked at
  std::vector<Exclusion> excluded = {};  // most nodes first, then by cause
  std::vector<LevelFit> levels = {};     // outermost first; empty where no fabric was looked at
  std::vector<SliceFit> slices = {};     // outermost first
  std::string subgroup = "";             // the one that is short; empty for the gang as a whole
  std::string would_fit_if = "";         // a clause; empty where nothing simple helps
  std::vector<std::string> notes = {};   // what is odd about nodes that were looked at
  std::vector<Advice> advice = {};       // the best first
  std::string text = "";                 // one or two sentences for a person; equal input, equal bytes

  friend bool operator==(const Refusal&, const Refusal&) = default;
};

}  // namespace muster
