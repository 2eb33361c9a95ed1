// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "scheduling/capacity/class_set.h"
#include "scheduling/capacity/options.h"
#include "scheduling/model/cluster_view.h"
#include "scheduling/model/gang.h"
#include "scheduling/model/selector.h"

namespace muster {

// One way to buy nodes for a gang: on which classes each of its members goes.
struct ScaleUpCandidate {
  std::vector<ClassSet> members;  // in the order of Gang::members
  std::string text;               // "spot", "any capacity", "on-demand and spot by role"
};

// The ways, the one to ask for first first: where members prefer spot nodes, on
// demand is what is asked for after it, and the other way round. At least one.
std::vector<ScaleUpCandidate> ScaleUpCandidates(const ClusterView& view, const Gang& gang,
                                                const CapacityOptions& options, absl::Time now);

// The classes as alternatives of a required node affinity: a node is of these
// classes if one of them holds. Empty where every node is. Labels of all
// providers are named, since nodes that are bought may carry any.
std::vector<NodeSelectorTerm> TermsOf(ClassSet classes, const ClassOptions& options);

// The same as one alternative, for a pod that can't be given more: the label by
// which all nodes of these classes in `view` are told from the others; where there
// is none, what is not said to be of another class.
NodeSelectorTerm OneTermOf(const ClusterView& view, ClassSet classes, const ClassOptions& options);

// `own` of a pod, narrowed to what one of `alternatives` allows as well. Where
// either is empty, the other.
std::vector<NodeSelectorTerm> Narrowed(const std::vector<NodeSelectorTerm>& own,
                                       const std::vector<NodeSelectorTerm>& alternatives);

}  // namespace muster
