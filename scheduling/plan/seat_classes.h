// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/container/flat_hash_map.h"
#include "scheduling/capacity/class_set.h"
#include "scheduling/capacity/node_class.h"
#include "scheduling/model/ids.h"

namespace muster {

// On nodes of which classes the members of a gang may be seated.
struct SeatClasses {
  ClassOptions options;
  absl::flat_hash_map<PodUid, ClassSet> members;  // a member that is missing may be anywhere

  ClassSet For(const PodUid& member) const {
    const auto at = members.find(member);
    return at == members.end() ? ClassSet::All() : at->second;
  }
};

}  // namespace muster
