// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "scheduling/declare/object_fields.h"
#include "scheduling/model/selector.h"

namespace muster::declare {

// A LabelSelector of Kubernetes (matchLabels and matchExpressions): what all
// must hold. None for one that is absent or empty.
//
// Source: k8s.io/apimachinery meta/v1, types.go, LabelSelector.
std::vector<LabelRequirement> ReadLabelSelector(const ObjectFields& fields);

}  // namespace muster::declare
