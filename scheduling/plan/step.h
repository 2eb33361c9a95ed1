// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "scheduling/plan/fills.h"
#include "scheduling/plan/placer.h"

namespace muster {

// One of the things that are placed in turn within a part's domain.
struct Placer::Step {
  int32_t child = -1;  // or, if -1,
  Fill fill = {};
  bool optional = false;
  bool pinned = false;   // it has to be where others are
  bool follows = false;  // it has an affinity to pods that may come first
  double devices = 0;    // in all; they may be more than an integer holds
  double cpu_millis = 0;
};

}  // namespace muster
