// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "absl/types/span.h"
#include "scheduling/model/gang.h"

namespace muster::declare {

// Puts every member of `gang` into the subgroups that it names itself and those
// of `specs`, which describe the parts of the whole gang, that it belongs to by
// role or labels; one of `specs` that has neither a minimum nor a topology makes
// no subgroup by itself, and a role with a minimum makes one before it has
// members. Where both say something of a subgroup of one name, the numbers
// are of `specs`, and the topology is the pod's. Members that disagree on a
// subgroup, or too many subgroups, are the gang's problem.
void Divide(absl::Span<const SubgroupSpec> specs, Gang& gang);

// Leaves the stages of `specs` whose members have yet to be created out of the
// gang's minimum: a stage counts once the minimum of the one before it has its
// nodes, or once its own members exist. These stages' members are the gang's
// `later`. Requires Divide.
void CountStages(absl::Span<const SubgroupSpec> specs, Gang& gang);

// Whether `spec`, which is of an object or of the whole gang, has the pod in it.
bool IsIn(const Pod& pod, const SubgroupSpec& spec);
// The members, by index, that it has in it.
std::vector<size_t> MembersIn(const Gang& gang, const SubgroupSpec& spec);
// How many members it must have.
int64_t Needed(const SubgroupSpec& spec);

}  // namespace muster::declare
