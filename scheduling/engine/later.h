// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "scheduling/ledger/ledger.h"
#include "scheduling/model/gang.h"
#include "scheduling/model/seat.h"

namespace muster {

// The owner of the promise of room for the members of `gang` that are created
// once others run: a promise of its own, since nobody comes for these seats yet.
GangId LaterOwner(const GangId& gang);

// The gang whose later members `owner` is for; nullopt if it is no such owner.
std::optional<GangId> GangOfLater(const GangId& owner);

// Says in the text of `refusal`, which is of the gang with its later members,
// how many of them do not exist yet.
void MentionLater(const Later& later, Refusal& refusal);

// A clause on members that are created later, for a person; `promise` is of
// their room, or null. Empty if there are none.
std::string DescribeLater(const Later& later, const Promise* promise);

}  // namespace muster
