// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "scheduling/model/node.h"
#include "scheduling/model/pod.h"
#include "scheduling/model/resources.h"
#include "scheduling/model/seat.h"

namespace muster {

// A node under planning, with what would be free on it. A plan works on its
// own vector of these and never on the view.
struct Candidate {
  const Node* node = nullptr;
  Resources free;
  bool preferred = false;
};

// Members of one shape, in member order.
struct ShapeGroup {
  const PodShape* shape = nullptr;
  std::vector<const Pod*> members;
  std::vector<bool> eligible;  // per candidate
};

// How many members of a group go to one candidate.
struct Portion {
  size_t candidate = 0;
  int64_t members = 0;
};

// Takes room for `count` members of the group out of `candidates`, on as few
// nodes as possible. Returns the portions, most preferred node first; they
// sum to less than `count` exactly if no more fit.
std::vector<Portion> Pack(const ShapeGroup& group, int64_t count, std::vector<Candidate>& candidates);

// Takes room for all groups, trying every assignment until `effort` node
// visits are spent. Nullopt if there is none, or none was found in time; then
// `candidates` is unchanged.
std::optional<std::vector<std::vector<Portion>>> PackExhaustively(const std::vector<ShapeGroup>& groups,
                                                                  std::vector<Candidate>& candidates,
                                                                  int64_t effort);

}  // namespace muster
