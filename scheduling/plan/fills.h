// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "scheduling/plan/parts.h"
#include "scheduling/plan/scope.h"

namespace muster {

// Members of one class and one part that are seated in one step.
struct Fill {
  int32_t part = 0;
  size_t cls = 0;
  Scope scope = {};
  std::vector<SliceLayer> layers = {};  // in which the members still come, outermost first
  bool broken = false;                  // completes slices of which members have a place already
  bool partial = false;                 // fewer members than one slice of layers.front()
  bool nowhere = false;                 // they complete a slice that is outside of all domains
  bool settled = false;                 // its members know their nodes
  std::vector<size_t> members = {};     // indices into Parts::members, in the order of their seats
};

// Divides `waiting`, members of the part without a place and in member order,
// into fills: with slices the broken ones first, each where it has to be, then
// all whole slices of a class together, then what is left.
//
// Slices are counted by rank. Where ranks are missing, are there twice, or
// reach beyond the part, they are counted by where members are: so many as
// complete the slices that are broken, and the others in member order.
std::vector<Fill> MakeFills(const Parts& parts, int32_t part, const std::vector<size_t>& waiting,
                            const Scope& scope);

// The part's own members that have a place, and those of `waiting`, by slice:
// line[i] is in slice i / size of every layer. kNobody fills places of members
// that do not exist or are not asked for now.
// REQUIRES: the part has slices.
std::vector<size_t> SliceLine(const Parts& parts, int32_t part, const std::vector<size_t>& waiting);
inline constexpr size_t kNobody = static_cast<size_t>(-1);

// The domains of a level that most of `nodes` are in: several only if as many are
// in each, none if no node is in any.
std::vector<DomainId> DomainsOfMost(const DomainTree& tree, size_t level, const std::vector<int32_t>& nodes);
// The first of these; kNoDomain if there is none.
DomainId DomainOfMost(const DomainTree& tree, size_t level, const std::vector<int32_t>& nodes);

}  // namespace muster
