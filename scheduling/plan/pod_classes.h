// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "scheduling/model/pod.h"
#include "scheduling/model/pod_terms.h"

namespace muster {

// Members of a plan by class: those of one are of one shape and one namespace, and
// every selector matches all of them or none.
struct PodClasses {
  std::vector<const Pod*> samples;  // one of each class
  std::vector<size_t> class_of;     // by member
};

// Finds the classes of `members` with regard to their own terms and to `repelling`,
// those of others. Valid as long as the members.
//   kInvalidArgument  there are more than `most`: TooDifferent
// Cost: O(members x (selectors + most)).
absl::StatusOr<PodClasses> Classify(const std::vector<const Pod*>& members,
                                    const std::vector<const PodAffinityTerm*>& repelling, size_t most);

// The error of members that ask for more than `most` different things, one of them `last`.
absl::Status TooDifferent(size_t most, const Pod& last);

}  // namespace muster
