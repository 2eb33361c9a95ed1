// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/strings/string_view.h"
#include "scheduling/model/device_claim.h"

namespace muster {

// The selector that `text` says in CEL. Its predicate is null where the text is
// not in the part of CEL that is understood (see cel.h).
//
// What can't be evaluated on a device (an attribute that it does not have, a
// comparison of different kinds) does not select it. kube-scheduler fails the
// whole node for that when it looks at such a device; where it does, the node is
// declined, which the engine learns.
//
// Source: k8s.io/dynamic-resource-allocation/cel of Kubernetes 1.37.
// Threads: predicates are thread-safe.
DeviceSelector MakeDeviceSelector(absl::string_view text);

}  // namespace muster
