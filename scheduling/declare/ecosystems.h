// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "scheduling/declare/ecosystem.h"

// The ecosystems, each implemented in a file of its own.
namespace muster::declare {

// muster.cc: labels or annotations muster.dev/gang, muster.dev/gang-size, ...
const Ecosystem& MusterLabels();
// scheduler_plugins.cc: PodGroup.scheduling.x-k8s.io of coscheduling.
const Ecosystem& SchedulerPlugins();
// native.cc: PodGroup.scheduling.k8s.io of Kubernetes itself.
const Ecosystem& Native();

}  // namespace muster::declare
