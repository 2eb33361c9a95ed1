// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/status/statusor.h"
#include "scheduling/report.h"
#include "scheduling/verbs.h"

namespace muster::v1 {
class EvictionOption;
class FilterResponse;
class GangRef;
class GangReport;
class PodRef;
}  // namespace muster::v1

// The messages of muster.v1 <-> the model. What ToProto writes, FromProto reads
// back equal.
namespace muster {

void ToProto(const GangId& gang, v1::GangRef& message);
void ToProto(const PodName& pod, const PodUid& uid, v1::PodRef& message);
void ToProto(const FilterAnswer& answer, v1::FilterResponse& message);
void ToProto(const EvictionOption& option, v1::EvictionOption& message);
void ToProto(const GangReport& report, v1::GangReport& message);

GangId FromProto(const v1::GangRef& message);
PodName FromProto(const v1::PodRef& message);
EvictionOption FromProto(const v1::EvictionOption& message);

// The answer; names that pass refer to `message`. kInvalidArgument if it holds
// none of the answers that this program knows.
absl::StatusOr<FilterAnswer> FromProto(const v1::FilterResponse& message);

// kInvalidArgument if an outcome or a kind of refusal is unknown.
absl::StatusOr<GangReport> FromProto(const v1::GangReport& message);

}  // namespace muster
