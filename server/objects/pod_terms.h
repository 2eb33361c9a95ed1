// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "absl/strings/string_view.h"
#include "scheduling/model/pod_terms.h"
#include "server/objects/fields.h"

namespace muster {

// What the pod with this `spec`, namespace and labels asks for about other
// pods; unset if nothing. Errors are those of the fields.
//
// What the API server fills in when a pod is created is filled in here too,
// for pods of files: host ports of pods in the node's network, and label keys
// (matchLabelKeys, mismatchLabelKeys) that their selectors do not yet hold.
//
// Source: Kubernetes 1.37.2, pkg/scheduler/util GetHostPorts,
//         kube-scheduler/framework GetAffinityTerms, plugin podtopologyspread,
//         registry/core/pod applyMatchLabelKeysAndMismatchLabelKeys.
std::optional<PodTerms> DecodePodTerms(const Fields& spec, absl::string_view ns, const Labels& labels);

}  // namespace muster
