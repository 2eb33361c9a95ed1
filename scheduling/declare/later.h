// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/types/span.h"
#include "scheduling/declare/assemble_one.h"
#include "scheduling/model/gang.h"

namespace muster::declare {

// What the stages of `specs` after `reached` still lack of their minimums, of a
// gang with the members of `gang`.
Later CountLater(absl::Span<const SubgroupSpec> specs, const Gang& gang, int32_t reached);

// The members that `gang.later` counts, which are in no view: pending, and in
// the shape of the template of their part. For the rest they are like a member
// of their role, or if there is none like any; where the others of their role
// are in several Jobs, they are shared out evenly.
// REQUIRES: gang.later.plannable(), of these `specs`.
MemberList LaterMembers(absl::Span<const SubgroupSpec> specs, const Gang& gang);

}  // namespace muster::declare
