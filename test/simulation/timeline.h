// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "server/clock.h"

namespace muster::test {

// Virtual time and all that happens in it: one thread, one seed. With equal
// seeds the same happens, byte for byte, whether it is traced or not.
class Timeline : public Clock {
 public:
  explicit Timeline(uint64_t seed) : random_(seed) {}

  absl::Time Now() const override { return now_; }

  // A number of [low, high], a duration of [low, high] in whole milliseconds.
  int64_t Pick(int64_t low, int64_t high);
  absl::Duration Between(absl::Duration low, absl::Duration high);
  bool Chance(int64_t per_mille) { return per_mille > 0 && Pick(1, 1000) <= per_mille; }

  void After(absl::Duration delay, std::function<void()> event);
  // Runs events until `end`, or until `over` holds after one of them.
  void RunUntil(absl::Time end, const std::function<bool()>& over);

  // Whether what happens is noted, and what was.
  void Trace(bool on) { tracing_ = on; }
  bool tracing() const { return tracing_; }
  void Note(const std::string& line);
  const std::vector<std::string>& notes() const { return notes_; }

 private:
  struct Event {
    absl::Time at;
    uint64_t order;
    std::function<void()> run;
    // The heap has its earliest event first.
    bool operator<(const Event& other) const { return std::tie(other.at, other.order) < std::tie(at, order); }
  };

  std::mt19937_64 random_;
  absl::Time now_ = absl::UnixEpoch() + absl::Hours(1);
  uint64_t order_ = 0;
  std::vector<Event> events_;
  bool tracing_ = false;
  std::vector<std::string> notes_;
};

}  // namespace muster::test
