// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "scheduling/model/node.h"
#include "scheduling/topology/topologies.h"

namespace muster {

// What declares the topologies that are found without any object.
inline constexpr absl::string_view kNodeLabels = "node labels";

// The topologies that the labels of `nodes` show: one for each family of
// labels that is there (a cloud's, a fabric's), between the region and zone
// above and the host below. A label that no node has makes no level; of labels
// that mean the same level, that on the most nodes counts.
//
// In order of how many nodes carry the family's own labels, most first; the one
// of region, zone and host alone is the last. Ties are in the table's order.
Topologies WellKnownTopologies(absl::Span<const Node* const> nodes);

// What the level of a well-known label key is called, such as "rack"; empty
// for any other key.
absl::string_view NameOfKey(absl::string_view key);

// The one word that is used here for a level with several usual names:
// "hostname" and "node" are "host". Empty for text that is no such name.
absl::string_view CommonName(absl::string_view text);

}  // namespace muster
