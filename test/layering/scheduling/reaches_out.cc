// SPDX-License-Identifier: Apache-2.0
// Breaks the layering in every way that layering_test.cmake looks for.
#include <chrono>
#include <fstream>
#include <thread>

#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "muster/v1/placement.pb.h"
#include "nlohmann/json.hpp"
#include "server/service.h"

namespace muster {

absl::Time Reach() { return absl::Now(); }
const char* Look() { return getenv("HOME"); }
int Roll() { return rand(); }
void Wait() { std::this_thread::yield(); }

}  // namespace muster
