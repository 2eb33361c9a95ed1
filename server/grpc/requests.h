// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "scheduling/model/ids.h"
#include "scheduling/verbs.h"

namespace google::protobuf {
template <typename Element>
class RepeatedPtrField;
}

namespace muster::v1 {
class BindRequest;
class EvictionOption;
class GangRef;
class PodRef;
}  // namespace muster::v1

// The parts of requests, checked. Every error is kInvalidArgument and names the
// field.
namespace muster {

// The name in a reference; its uid may be missing.
absl::StatusOr<PodName> ReadPodName(const v1::PodRef& ref);
absl::StatusOr<GangId> ReadGangId(const v1::GangRef& ref);

// The pod in `manifest`, which must be the one that `ref` names; without a
// manifest a pod of that name and uid that asks for nothing.
absl::StatusOr<Pod> ReadPod(const v1::PodRef& ref, const std::string& manifest);

// The names, which refer to `names`.
absl::StatusOr<std::vector<absl::string_view>> ReadCandidates(
    const google::protobuf::RepeatedPtrField<std::string>& names);

absl::StatusOr<BindCall> ReadBind(const v1::BindRequest& request);

absl::StatusOr<std::vector<EvictionOption>> ReadOptions(
    const google::protobuf::RepeatedPtrField<v1::EvictionOption>& options);

}  // namespace muster
