// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace muster {

// What GPU instances take of one GPU: a bit for each memory slice, and above
// these one for each other thing that only one instance at a time can have.
// Two instances can be on one GPU if and only if their masks have no bit in common.
using MigMask = uint32_t;

// A kind of GPU instance that a GPU can be cut into.
struct MigProfile {
  std::string name;   // as nvidia-smi writes it, such as 1g.10gb or 1g.10gb+me
  int id = -1;        // its number there; -1: not known
  int compute = 0;    // compute slices
  int size = 0;       // memory slices
  int most = 0;       // on a GPU that is otherwise empty
  int64_t first = 0;  // index of its first placement; the others follow, by start

  friend bool operator==(const MigProfile&, const MigProfile&) = default;
};

// A place for an instance on a GPU: the memory slices [start, start + size) of
// its profile.
struct MigPlacement {
  int profile = 0;  // index into MigGeometry::profiles()
  int start = 0;
  MigMask mask = 0;

  friend bool operator==(const MigPlacement&, const MigPlacement&) = default;
};

// How the GPUs of one product can be cut into GPU instances.
//
// Why:       MIG leaves holes: whether an instance can be created depends on the
//            slices that are free, not on how many there are.
// Invariant: profiles are in order of size, then compute slices, then name;
//            placements in order of profile, then start. There are at most 24
//            bits of a mask.
// Units:     memory slices, an eighth of a GPU where there are eight.
// Threads:   a value; the known geometries are const.
class MigGeometry {
 public:
  // What one profile may take; `starts` ascending.
  struct Rule {
    MigProfile profile;  // its `most` and `first` are counted
    std::vector<int> starts;
    bool once = false;  // at most one of it on a GPU, wherever it starts
    int engines = 0;    // groups of media engines that it takes, of `engine_groups` of the geometry
  };

  // REQUIRES: every rule has at least one start, and each of its instances lies
  // within `slices` of memory.
  MigGeometry(std::string name, int slices, int engine_groups, std::vector<Rule> rules);

  const std::string& name() const { return name_; }
  int slices() const { return slices_; }
  absl::Span<const MigProfile> profiles() const { return profiles_; }
  absl::Span<const MigPlacement> placements() const { return placements_; }
  absl::Span<const MigPlacement> PlacementsOf(int profile) const;
  // All bits that instances can take.
  MigMask whole() const { return whole_; }

  // The profile of this name, however a resource or a device writes it
  // (mig-1g.10gb.me, 1g10gb); -1 if there is none.
  int FindProfile(absl::string_view name) const;
  // Null where `profile` can't start at `start`.
  const MigPlacement* FindPlacement(int profile, int start) const;

  // At how many starts an instance of `profile` could be created beside what
  // has the bits of `taken`.
  int FreeStarts(MigMask taken, int profile) const;
  // Places for instances of all `profiles` (indices, any of them repeatedly)
  // beside `taken`, in the order of `profiles`; unset if and only if there are
  // none. Of several the one with the highest starts, the largest profile
  // first, so that the low starts, which the large profiles need, stay free.
  // Cost: tries every start in the worst case; each is one look at a mask.
  std::optional<std::vector<MigPlacement>> Place(MigMask taken, absl::Span<const int> profiles) const;

  friend bool operator==(const MigGeometry&, const MigGeometry&) = default;

 private:
  // Places those of `profiles` that are in `order`, the first of them below the start `below`.
  bool PlaceRest(MigMask taken, absl::Span<const int> order, absl::Span<const int> profiles, int below,
                 std::vector<MigPlacement>& placed) const;

  std::string name_;
  int slices_ = 0;
  MigMask whole_ = 0;
  std::vector<MigProfile> profiles_;
  std::vector<MigPlacement> placements_;
};

// A profile's name as it is compared: without "mig-" and "nvidia.com/" before
// it, and without the dots and plus signs that resources and devices write in
// different ways.
std::string PlainProfile(absl::string_view name);

}  // namespace muster
