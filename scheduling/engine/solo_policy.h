// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "scheduling/capacity/class_set.h"
#include "scheduling/capacity/mix.h"
#include "scheduling/capacity/options.h"
#include "scheduling/model/cluster_view.h"
#include "scheduling/model/pod.h"

// On which capacity classes a pod without a gang goes: what filter answers, and
// what an autoscaler is told to buy.
namespace muster {

// What a single pod wants of capacity.
struct SoloClasses {
  std::vector<ClassSet> tries;  // the one to try first first; not empty
  std::string why;              // " (owner StatefulSet)": for people
};

// `present` are the classes of the nodes of `view`; `mixed` is where the other
// pods of its workload are, and counts only for a pod with a mix.
SoloClasses SoloClassesOf(const ClusterView& view, ClassSet present, const Pod& pod, const MixCount& mixed,
                          const CapacityOptions& options, absl::Time now);

// Where the bound pods of the workload of `pod`, which has a mix, are; itself
// left out.
MixCount CountBound(const ClusterView& view, const Pod& pod, const ClassOptions& classes);

}  // namespace muster
