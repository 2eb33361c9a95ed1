// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "scheduling/model/resources.h"
#include "server/objects/fields.h"

namespace muster {

// The amounts under `key` of `parent`, e.g. "requests" or "allocatable". A
// quantity that can't be read is an error of its field.
Resources DecodeAmounts(const Fields& parent, absl::string_view key);

// What the pod with this `spec` and `status` takes from its node, with one pod
// slot, as kube-scheduler's NodeResourcesFit counts it: containers and sidecars
// together, or an init container beside the sidecars started before it where
// that is more; requests of the pod as a whole instead of these where they are
// set; and the overhead. A request that is missing where there is a limit is
// that limit, as the API server defaults it.
//
// Source: k8s.io/component-helpers v0.37 resource.PodRequests. Of a pod that is
//         being resized the larger of what it asks for and what is allocated
//         to its containers counts.
Resources PodRequests(const Fields& spec, const Fields& status);

}  // namespace muster
