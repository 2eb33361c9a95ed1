// SPDX-License-Identifier: Apache-2.0
#include "test/simulation/timeline.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace muster::test {

int64_t Timeline::Pick(int64_t low, int64_t high) {
  // Not a distribution of the standard library: those may differ between libraries.
  return low + static_cast<int64_t>(random_() % static_cast<uint64_t>(high - low + 1));
}

absl::Duration Timeline::Between(absl::Duration low, absl::Duration high) {
  return absl::Milliseconds(Pick(absl::ToInt64Milliseconds(low), absl::ToInt64Milliseconds(high)));
}

void Timeline::After(absl::Duration delay, std::function<void()> event) {
  events_.push_back({now_ + delay, ++order_, std::move(event)});
  std::push_heap(events_.begin(), events_.end());
}

void Timeline::RunUntil(absl::Time end, const std::function<bool()>& over) {
  while (!events_.empty() && events_.front().at <= end) {
    std::pop_heap(events_.begin(), events_.end());
    const Event event = std::move(events_.back());
    events_.pop_back();
    now_ = event.at;
    event.run();
    if (over()) return;
  }
  now_ = end;
}

void Timeline::Note(const std::string& line) {
  if (!tracing_) return;
  notes_.push_back(
      absl::StrFormat("%9.3f %s", absl::ToDoubleSeconds(now_ - absl::UnixEpoch() - absl::Hours(1)), line));
}

}  // namespace muster::test
