// SPDX-License-Identifier: Apache-2.0
#include "scheduling/model/device.h"

namespace muster {

// Source: ToleratesTaint of k8s.io/dynamic-resource-allocation/resourceclaim 0.37.
bool Tolerates(const DeviceToleration& toleration, const DeviceTaint& taint) {
  using Effect = DeviceToleration::Effect;
  const Effect effect = taint.executes ? Effect::kNoExecute : Effect::kNoSchedule;
  if (toleration.effect != Effect::kAny && toleration.effect != effect) return false;
  if (!toleration.key.empty() && toleration.key != taint.key) return false;
  return toleration.exists || toleration.value == taint.value;
}

}  // namespace muster
