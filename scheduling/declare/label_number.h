// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "scheduling/declare/ecosystem.h"

namespace muster::declare {

// The text under `key` in the pod's labels or annotations; nullopt if neither
// has it. kInvalidArgument names the key if they disagree.
absl::StatusOr<std::optional<std::string>> TextOf(const PodFacts& pod, absl::string_view key);

// That text as a whole number in [low, high]. kInvalidArgument names the key,
// the value, and what is wanted.
absl::StatusOr<std::optional<int64_t>> NumberOf(const PodFacts& pod, absl::string_view key, int64_t low,
                                                int64_t high);

// A value for an error message: quoted, and cut where it is long.
std::string Quoted(absl::string_view value);

// The pod's rank by the labels that controllers set: of Kubernetes' own the
// completion index of an Indexed Job and the ordinal of a StatefulSet; the worker
// index of a LeaderWorkerSet, the replica index of Kubeflow's jobs, the host
// index of a Ray replica. Nullopt where there is none, or none that is a number.
//
// Source: k8s.io/api v0.37.2, batch/v1 and apps/v1; sigs.k8s.io/lws v0.8.0;
//         github.com/kubeflow/training-operator v1.8.1;
//         github.com/ray-project/kuberay/ray-operator v1.5.0 (all checked).
std::optional<int64_t> ControllerRank(const PodFacts& pod);

}  // namespace muster::declare
