// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "scheduling/model/pod_terms.h"
#include "server/objects/fields.h"

namespace muster {

// A requirement on labels or fields: {key, operator, values}, of any of the
// operators that a node selector knows. An unknown operator is an error.
LabelRequirement DecodeRequirement(const Fields& expression);

// The core/v1 LabelSelector under `key` of `parent`; unset where it is absent.
// Its operators are In, NotIn, Exists and DoesNotExist.
PodSelector DecodeSelector(const Fields& parent, absl::string_view key);

}  // namespace muster
