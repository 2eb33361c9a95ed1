// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "test/simulation/faults.h"

namespace muster::test {

// What came of one world.
struct WorldResult {
  std::vector<std::string> violations;
  std::vector<std::string> trace;  // if it was asked for
  int64_t lifecycles = 0;          // gangs that ended
  int64_t bindings = 0;            // sent
  int64_t evictions = 0;           // by which gangs were undone, or restarted
  int64_t restarts = 0;            // of gangs that ran and lacked members
  int64_t processes = 0;           // of Muster
  double virtual_seconds = 0;
};

// Makes a world out of a seed, lets `gangs` gangs live in it under its faults,
// then takes the faults away and lets it settle.
WorldResult RunWorld(uint64_t seed, int64_t gangs, Focus focus, bool trace);

}  // namespace muster::test
