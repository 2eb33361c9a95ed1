// SPDX-License-Identifier: Apache-2.0
#include "scheduling/dra/wishes.h"

#include <algorithm>
#include <set>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace muster {
namespace {

// Bits of FreeDevice::kinds.
constexpr size_t kMostKinds = 24;
constexpr size_t kMostWays = 64;

bool Applies(const DeviceMatch& match, const DeviceRequest& request, const DeviceWish& wish) {
  return match.requests.empty() || absl::c_linear_search(match.requests, request.name) ||
         absl::c_linear_search(match.requests, absl::StrCat(request.name, "/", wish.name));
}

bool IsTolerated(const Device& device, const DeviceWish& wish) {
  return absl::c_all_of(device.taints, [&](const DeviceTaint& taint) {
    return !taint.keeps_off || absl::c_any_of(wish.tolerations, [&](const DeviceToleration& toleration) {
      return Tolerates(toleration, taint);
    });
  });
}

bool HasCapacity(const Device& device, const DeviceWish& wish, const std::string& driver) {
  return absl::c_all_of(wish.capacity, [&](const auto& asked) {
    const bool has_domain = absl::StrContains(asked.first, "/");
    const auto at = device.capacity.find(has_domain ? asked.first : absl::StrCat(driver, "/", asked.first));
    return at != device.capacity.end() && at->second >= asked.second;
  });
}

bool NoneRefuses(const std::vector<DeviceSelector>& selectors, const Device& device,
                 const std::string& driver) {
  return absl::c_all_of(selectors, [&](const DeviceSelector& selector) {
    return selector.predicate == nullptr || selector.predicate->Of(device, driver) != Verdict::kNo;
  });
}

}  // namespace

const DeviceAttribute* AttributeOf(const Device& device, const std::string& name) {
  const auto at = device.attributes.find(name);
  return at == device.attributes.end() ? nullptr : &at->second;
}

bool Wishes::IsOf(const Kind& kind, const Device& device, const std::string& driver) const {
  const DeviceClass* device_class = view_.FindDeviceClass(kind.wish->device_class);
  if (device_class == nullptr || !HasCapacity(device, *kind.wish, driver)) return false;
  for (const auto& [name, value] : kind.equal) {
    const DeviceAttribute* attribute = AttributeOf(device, name);
    if (attribute == nullptr || *attribute != value) return false;
  }
  return NoneRefuses(device_class->selectors, device, driver) &&
         NoneRefuses(kind.wish->selectors, device, driver);
}

bool Wishes::IsServedOtherwise(const Kind& kind) const {
  const bool by_shared = absl::c_any_of(devices_.devices, [&](const NodeDevice& d) {
    return d.device().for_several && IsTolerated(d.device(), *kind.wish) &&
           IsOf(kind, d.device(), d.slice->pool.driver);
  });
  if (by_shared) return true;
  return view_.reached_by_several().FindIf([&](const std::shared_ptr<const DeviceSlice>& slice) {
    const bool here = slice->all_nodes || absl::c_any_of(*slice->nodes, [&](const NodeSelectorTerm& term) {
                        return Matches(term, node_.name.text(), node_.labels);
                      });
    return here && absl::c_any_of(slice->devices, [&](const Device& device) {
             return IsTolerated(device, *kind.wish) && IsOf(kind, device, slice->pool.driver);
           });
  }) != nullptr;
}

std::vector<Wishes::Way> Wishes::WaysOf(const ClaimDemand& claim) {
  std::vector<Way> ways;
  std::vector<Chosen> chosen;
  Choose(*claim.spec, chosen, ways);
  absl::c_sort(ways);
  ways.erase(std::unique(ways.begin(), ways.end()), ways.end());
  return ways;
}

void Wishes::Choose(const ClaimSpec& spec, std::vector<Chosen>& chosen, std::vector<Way>& ways) {
  if (ways.size() >= kMostWays) return;
  if (chosen.size() == spec.requests.size()) return Match(spec, 0, chosen, ways);
  const DeviceRequest& request = spec.requests[chosen.size()];
  for (const DeviceWish& wish : request.alternatives) {
    chosen.push_back({&request, &wish});
    Choose(spec, chosen, ways);
    chosen.pop_back();
  }
}

void Wishes::Match(const ClaimSpec& spec, size_t match, const std::vector<Chosen>& chosen,
                   std::vector<Way>& ways) {
  if (ways.size() >= kMostWays) return;
  if (match == spec.matches.size()) {
    Way way;
    for (const Chosen& one : chosen) {
      if (!AddTo(one, way)) return;
    }
    absl::c_sort(way);
    ways.push_back(std::move(way));
    return;
  }
  const std::string& attribute = spec.matches[match].attribute;
  std::vector<size_t> concerned;
  for (size_t c = 0; c < chosen.size(); ++c) {
    if (Applies(spec.matches[match], *chosen[c].request, *chosen[c].wish)) concerned.push_back(c);
  }
  if (concerned.empty()) return Match(spec, match + 1, chosen, ways);
  std::set<DeviceAttribute> values;
  const Kind first{chosen[concerned.front()].wish, chosen[concerned.front()].equal};
  bool unread = IsServedOtherwise(first);
  for (const NodeDevice& device : devices_.devices) {
    const DeviceAttribute* value = AttributeOf(device.device(), attribute);
    if (value == nullptr || !IsFree(device) || !IsOf(first, device.device(), device.slice->pool.driver))
      continue;
    if (std::holds_alternative<UnreadAttribute>(*value)) {
      unread = true;
    } else {
      values.insert(*value);
    }
  }
  if (unread) return Match(spec, match + 1, chosen, ways);
  for (const DeviceAttribute& value : values) {
    std::vector<Chosen> next = chosen;
    for (const size_t c : concerned) next[c].equal.emplace_back(attribute, value);
    Match(spec, match + 1, next, ways);
  }
}

bool Wishes::AddTo(const Chosen& chosen, Way& way) {
  const DeviceWish& wish = *chosen.wish;
  const Kind kind{&wish, chosen.equal};
  if (IsServedOtherwise(kind)) return true;
  if (wish.admin) {
    const auto seen = absl::c_count_if(devices_.devices, [&](const NodeDevice& device) {
      return IsOf(kind, device.device(), device.slice->pool.driver);
    });
    return seen >= (wish.all ? 1 : wish.count);
  }
  if (wish.all) return AddAll(chosen, way);
  if (wish.count > static_cast<int64_t>(devices_.devices.size())) return false;
  if (wish.count > 0 && kinds_.size() < kMostKinds) way.emplace_back(NumberOf(kind), wish.count);
  return true;
}

bool Wishes::AddAll(const Chosen& chosen, Way& way) {
  if (!devices_.incomplete.empty()) return false;
  const Kind kind{chosen.wish, {}};
  int32_t count = 0;
  for (const NodeDevice& device : devices_.devices) {
    if (!IsOf(kind, device.device(), device.slice->pool.driver)) continue;
    const bool has_values = absl::c_all_of(chosen.equal, [&](const auto& equal) {
      const DeviceAttribute* attribute = AttributeOf(device.device(), equal.first);
      return attribute != nullptr && *attribute == equal.second;
    });
    if (!has_values || !IsFree(device) || !IsTolerated(device.device(), *chosen.wish)) return false;
    ++count;
  }
  if (count > 0 && kinds_.size() < kMostKinds) way.emplace_back(NumberOf(kind), count);
  return count > 0;
}

size_t Wishes::NumberOf(Kind kind) {
  const auto at = absl::c_find_if(kinds_, [&](const Kind& known) {
    return known.equal == kind.equal && (known.wish == kind.wish || *known.wish == *kind.wish);
  });
  if (at != kinds_.end()) return static_cast<size_t>(at - kinds_.begin());
  kinds_.push_back(std::move(kind));
  return kinds_.size() - 1;
}

std::vector<FreeDevice> Wishes::Devices() const {
  std::vector<FreeDevice> usable;
  usable.reserve(devices_.devices.size());
  for (const NodeDevice& device : devices_.devices) {
    if (!IsFree(device) || device.device().for_several) continue;
    FreeDevice& one = usable.emplace_back(FreeDevice{&device});
    for (size_t k = 0; k < kinds_.size(); ++k) {
      if (IsTolerated(device.device(), *kinds_[k].wish) &&
          IsOf(kinds_[k], device.device(), device.slice->pool.driver)) {
        one.kinds |= uint32_t{1} << k;
      }
    }
  }
  return usable;
}

}  // namespace muster
