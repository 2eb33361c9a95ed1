// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "scheduling/model/gang.h"
#include "scheduling/model/resources.h"
#include "scheduling/model/seat.h"

namespace muster {

// An amount as people write it: "500m" cpu, "16Gi" memory, "8" of a device.
std::string FormatAmount(absl::string_view resource, int64_t amount);

// Everything that is asked for but the pod slot, e.g. "cpu 4, nvidia.com/gpu 8".
std::string FormatRequests(const Resources& requests);

// The scarcest resource of a gang without room: what a member asks for, and
// the most that any node has free of it.
struct Scarcest {
  std::string resource;
  int64_t most_free = 0;
};

// The gang or the subgroup that would be short of room even if nothing ran anywhere.
struct ShortWhenEmpty {
  std::string subgroup = "";  // empty: the gang as a whole
  int64_t fits = 0;
  int64_t of = 0;
  bool alone = true;                    // as in NoRoomFacts
  std::string level = "";               // as there
  std::vector<SliceFit> slices = {};    // outermost first
  const Resources* requests = nullptr;  // of the member that would find no place; null if that is not told
};

// What the text of a refusal says beside the refusal's own numbers.
struct NoRoomFacts {
  const Resources* requests = nullptr;  // of the member that found no place
  std::string devices;                  // that it claims, for people; may be empty
  std::optional<Scarcest> scarcest;
  std::optional<ShortWhenEmpty> when_empty;  // unset: all would fit, or it does not matter
  std::string level;                         // whose one domain has to hold the gang or subgroup; empty: none
  std::string domain;                        // the best one's path
  int64_t part_fits = 0;                     // of the gang or subgroup that is short, there
  int64_t part_of = 0;
  bool alone = true;        // false: it fits by itself, but not beside the others
  bool is_default = false;  // the level is nobody's wish
};

// The refusal of a gang without room, and what its text says beside that of the
// empty cluster: "; even if every node were empty, only 2 would fit". Others may know
// of room that this leaves out.
struct NoRoom {
  Refusal refusal;
  std::string if_empty = "";
};

// Sets the texts for a gang without room.
NoRoom DescribeNoRoom(const Gang& gang, const NoRoomFacts& facts, Refusal refusal);

// The refusal of a gang that can't be planned, whatever the room. The text
// does not carry the number of members that exist: each that is created would
// change it, and kube-scheduler tries again at every change of the text.
Refusal Incomplete(const Gang& gang, int64_t exist, absl::string_view what_is_missing);
// Of a gang whose pods are of a scheduler that is not among `ours`.
Refusal LeftToOthers(const Gang& gang, const std::vector<std::string>& ours);
Refusal Invalid(const Gang& gang, absl::string_view problem);

}  // namespace muster
