// SPDX-License-Identifier: Apache-2.0
#include "scheduling/model/resources.h"

#include <algorithm>

#include "absl/strings/match.h"

namespace muster {
namespace {

using Scalars = std::vector<std::pair<std::string, int64_t>>;

Scalars::const_iterator LowerBound(const Scalars& scalars, absl::string_view name) {
  return std::lower_bound(scalars.begin(), scalars.end(), name,
                          [](const auto& entry, absl::string_view wanted) { return entry.first < wanted; });
}

// Combines the scalars of both, where one side lacks a name it counts as 0.
template <typename Combine>
void Merge(Scalars& into, const Scalars& other, Combine combine) {
  const bool alike = into.size() == other.size() &&
                     std::equal(into.begin(), into.end(), other.begin(),
                                [](const auto& a, const auto& b) { return a.first == b.first; });
  for (size_t i = 0; alike && i < into.size(); ++i) {
    into[i].second = combine(into[i].second, other[i].second);
  }
  if (alike) return;
  for (const auto& [name, amount] : other) {
    const auto at = into.begin() + (LowerBound(into, name) - into.begin());
    if (at != into.end() && at->first == name) {
      at->second = combine(at->second, amount);
    } else {
      into.emplace(at, name, combine(0, amount));
    }
  }
}

// Up to so many names are looked through faster than they are searched.
constexpr size_t kFew = 8;

int64_t ScalarOf(const Scalars& scalars, absl::string_view name) {
  if (scalars.size() <= kFew) {
    const auto same =
        std::find_if(scalars.begin(), scalars.end(), [&](const auto& entry) { return entry.first == name; });
    return same == scalars.end() ? 0 : same->second;
  }
  const auto at = LowerBound(scalars, name);
  return at != scalars.end() && at->first == name ? at->second : 0;
}

}  // namespace

int64_t Resources::Get(absl::string_view name) const {
  if (name == kCpu) return cpu_millis;
  if (name == kMemory) return memory_bytes;
  if (name == kEphemeralStorage) return ephemeral_bytes;
  if (name == kPods) return pods;
  return ScalarOf(scalars, name);
}

void Resources::Set(absl::string_view name, int64_t amount) {
  if (name == kCpu) {
    cpu_millis = amount;
  } else if (name == kMemory) {
    memory_bytes = amount;
  } else if (name == kEphemeralStorage) {
    ephemeral_bytes = amount;
  } else if (name == kPods) {
    pods = amount;
  } else {
    const auto at = scalars.begin() + (LowerBound(scalars, name) - scalars.begin());
    if (at != scalars.end() && at->first == name) {
      at->second = amount;
    } else {
      scalars.emplace(at, std::string(name), amount);
    }
  }
}

Resources& Resources::operator+=(const Resources& other) {
  cpu_millis += other.cpu_millis;
  memory_bytes += other.memory_bytes;
  ephemeral_bytes += other.ephemeral_bytes;
  pods += other.pods;
  Merge(scalars, other.scalars, [](int64_t a, int64_t b) { return a + b; });
  return *this;
}

Resources& Resources::operator-=(const Resources& other) {
  cpu_millis -= other.cpu_millis;
  memory_bytes -= other.memory_bytes;
  ephemeral_bytes -= other.ephemeral_bytes;
  pods -= other.pods;
  Merge(scalars, other.scalars, [](int64_t a, int64_t b) { return a - b; });
  return *this;
}

void Resources::RaiseTo(const Resources& other) {
  cpu_millis = std::max(cpu_millis, other.cpu_millis);
  memory_bytes = std::max(memory_bytes, other.memory_bytes);
  ephemeral_bytes = std::max(ephemeral_bytes, other.ephemeral_bytes);
  pods = std::max(pods, other.pods);
  Merge(scalars, other.scalars, [](int64_t a, int64_t b) { return std::max(a, b); });
}

namespace {

bool Lacks(int64_t requested, int64_t free) { return requested > 0 && requested > free; }

}  // namespace

bool Fits(const Resources& request, const Resources& free) {
  if (request.pods > free.pods || Lacks(request.cpu_millis, free.cpu_millis) ||
      Lacks(request.memory_bytes, free.memory_bytes) ||
      Lacks(request.ephemeral_bytes, free.ephemeral_bytes)) {
    return false;
  }
  return std::all_of(request.scalars.begin(), request.scalars.end(), [&](const auto& entry) {
    return !Lacks(entry.second, ScalarOf(free.scalars, entry.first));
  });
}

std::vector<Shortage> Shortages(const Resources& request, const Resources& free) {
  std::vector<Shortage> found;
  const auto check = [&](absl::string_view name, int64_t requested, int64_t available) {
    if (Lacks(requested, available)) found.push_back({std::string(name), requested, available});
  };
  check(kCpu, request.cpu_millis, free.cpu_millis);
  check(kMemory, request.memory_bytes, free.memory_bytes);
  check(kEphemeralStorage, request.ephemeral_bytes, free.ephemeral_bytes);
  check(kPods, request.pods, free.pods);
  for (const auto& [name, amount] : request.scalars) check(name, amount, ScalarOf(free.scalars, name));
  return found;
}

int64_t CountFitting(const Resources& request, const Resources& free, int64_t limit) {
  int64_t count = limit;
  const auto bound = [&](int64_t requested, int64_t available) {
    if (requested > 0) count = std::min(count, std::max<int64_t>(available, 0) / requested);
  };
  bound(request.cpu_millis, free.cpu_millis);
  bound(request.memory_bytes, free.memory_bytes);
  bound(request.ephemeral_bytes, free.ephemeral_bytes);
  bound(request.pods, free.pods);
  for (const auto& [name, amount] : request.scalars) bound(amount, ScalarOf(free.scalars, name));
  return count;
}

bool AsksForDevices(const Resources& amounts) {
  return std::any_of(amounts.scalars.begin(), amounts.scalars.end(), [](const auto& entry) {
    return entry.second > 0 && !absl::StartsWith(entry.first, "hugepages-") &&
           !absl::StartsWith(entry.first, "attachable-volumes-");
  });
}

}  // namespace muster
