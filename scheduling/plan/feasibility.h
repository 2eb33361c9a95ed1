// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "scheduling/model/node.h"
#include "scheduling/model/pod.h"

namespace muster {

// The rules of kube-scheduler that keep a shape off a node whatever is free
// there, in the order in which they are looked at: node not ready, going away, unschedulable,
// taints, node selector, required node affinity.
//
// Source: plugins nodeunschedulable, tainttoleration and nodeaffinity of
//         Kubernetes 1.37. kube-scheduler sees an unready node by its taint
//         only; here the condition counts as well, because the taint comes
//         later than the condition. That a node is going away keeps every pod
//         off, even one that tolerates everything, but those that are made for
//         one node (of DaemonSets): a new node may need them to be in service.
// Threads: pure.

// Whether the shape may run on the node if there is room.
bool Eligible(const PodShape& shape, const Node& node);

// Whether the node is going away, or not in service yet, and the shape is not
// made for it alone.
bool KeptOffDeparting(const PodShape& shape, const Node& node);

// What keeps members of gangs off a node whatever they tolerate, as a clause for
// people: it is cordoned, or nobody hears from it. Empty where nothing does, or
// where the shape is made for that node alone. kube-scheduler lets a pod there
// that tolerates everything; by itself it may go, but all of a gang would wait
// for the member that can't start.
std::string ClosedToMembers(const PodShape& shape, const Node& node);

// Whether the shape's node selector and required node affinity admit the node.
bool SelectsNode(const PodShape& shape, const Node& node);

// The first rule that keeps the shape off, as what a node is for people, e.g.
// "with taint dedicated=infra:NoSchedule". Empty exactly if Eligible.
std::string Ineligibility(const PodShape& shape, const Node& node);

}  // namespace muster
