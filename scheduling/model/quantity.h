// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace muster {

// The value of a Kubernetes quantity such as "100m", "1.5", "16Gi" or "2e3",
// in units of a thousandth, rounded up; as kube-scheduler reads CPU. Amounts
// beyond int64 are the largest int64, as Go's Quantity.MilliValue has it.
//   kInvalidArgument  the text is no quantity, or negative
//
// Source: k8s.io/apimachinery v0.37 pkg/api/resource: a signed decimal number,
//         then n u m k M G T P E, or Ki Mi Gi Ti Pi Ei, or an exponent.
absl::StatusOr<int64_t> ParseMillis(absl::string_view text);

// The same in whole units, rounded up; as kube-scheduler reads everything else.
absl::StatusOr<int64_t> ParseUnits(absl::string_view text);

}  // namespace muster
