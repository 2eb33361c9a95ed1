// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/types/span.h"
#include "scheduling/model/resources.h"
#include "server/objects/fields.h"

namespace muster {

// The amounts under `key` of `parent`, e.g. "requests" or "allocatable". A
// quantity that can't be read is an error of its field; one beyond what any
// node has is cut to that. Those named in `except` are left out.
Resources DecodeAmounts(const Fields& parent, absl::string_view key,
                        absl::Span<const std::string> except = {});

// What the pod with this `spec` and `status` takes from its node, with one pod
// slot, as kube-scheduler's NodeResourcesFit counts it: containers and sidecars
// together, or an init container beside the sidecars started before it where
// that is more; requests of the pod as a whole instead of these where they are
// set; and the overhead. A request that is missing where there is a limit is
// that limit, as the API server defaults it.
//
// Of a pod that is resized in place the most counts of what its spec asks for,
// what is allocated and what its containers run with, each summed over the pod;
// a resize that kubelet calls infeasible leaves out the spec.
//
// Source: k8s.io/component-helpers v0.37.2 resource.PodRequests as
//         kube-scheduler 1.37 calls it for pods on nodes (UseStatusResources,
//         pod-level resources and their resize in place; no DRA resources,
//         which are alpha). 1.34 takes the most for each container, which
//         differs only while containers of one pod are resized in opposite
//         directions.
Resources PodRequests(const Fields& spec, const Fields& status);

}  // namespace muster
