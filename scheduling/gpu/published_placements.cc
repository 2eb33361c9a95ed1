// SPDX-License-Identifier: Apache-2.0
#include "scheduling/gpu/published_placements.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <variant>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "scheduling/gpu/mig_products.h"

namespace muster {
namespace {

constexpr char kDriver[] = "gpu.nvidia.com";

std::string TextOf(const Device& device, const char* attribute) {
  const auto at = device.attributes.find(absl::StrCat(kDriver, "/", attribute));
  if (at == device.attributes.end()) return "";
  const auto* text = std::get_if<std::string>(&at->second);
  return text == nullptr ? "" : *text;
}

// The memory slices that the device takes, in ascending order.
std::vector<int> SlicesOf(const Device& device) {
  std::vector<int> slices;
  for (const Device::Consumption& consumption : device.consumes) {
    for (const auto& [counter, amount] : consumption.counters) {
      absl::string_view number = counter;
      int slice = 0;
      if (amount > 0 && absl::ConsumePrefix(&number, "memory-slice-") && absl::SimpleAtoi(number, &slice))
        slices.push_back(slice);
    }
  }
  std::sort(slices.begin(), slices.end());
  return slices;
}

int64_t MemoryMibOfWhole(const DeviceSlice& slice, const std::string& product) {
  constexpr int64_t kMillisPerMib = 1000 * 1024 * 1024;
  for (const Device& device : slice.devices) {
    const auto memory = device.capacity.find(absl::StrCat(kDriver, "/memory"));
    if (TextOf(device, "type") == "gpu" && TextOf(device, "productName") == product &&
        memory != device.capacity.end()) {
      return memory->second / kMillisPerMib;
    }
  }
  return 0;
}

std::string Starts(const std::set<int>& starts) { return absl::StrCat("{", absl::StrJoin(starts, ","), "}"); }

// Of one product.
std::string Check(const std::string& product, const MigGeometry& geometry,
                  const std::map<std::string, std::set<int>>& published,
                  const std::map<std::string, int>& sizes) {
  for (const auto& [name, starts] : published) {
    const int profile = geometry.FindProfile(name);
    if (profile < 0) return absl::StrFormat("MIG profile %s is not known of %s", name, product);
    const int size = geometry.profiles()[static_cast<size_t>(profile)].size;
    if (size != sizes.at(name)) {
      return absl::StrFormat("MIG profile %s of %s is published with %d memory slices, and known with %d",
                             name, product, sizes.at(name), size);
    }
    std::set<int> known;
    for (const MigPlacement& placement : geometry.PlacementsOf(profile)) known.insert(placement.start);
    // A slice need not have all devices of a GPU.
    if (!std::includes(known.begin(), known.end(), starts.begin(), starts.end())) {
      return absl::StrFormat("MIG profile %s of %s is published to start at %s, and known to start at %s",
                             name, product, Starts(starts), Starts(known));
    }
  }
  return "";
}

}  // namespace

std::string CheckPublishedPlacements(const DeviceSlice& slice) {
  if (slice.pool.driver != kDriver) return "";
  // By product and profile.
  std::map<std::string, std::map<std::string, std::set<int>>> starts;
  std::map<std::string, std::map<std::string, int>> sizes;
  for (const Device& device : slice.devices) {
    const std::vector<int> slices = SlicesOf(device);
    if (TextOf(device, "type") != "mig" || slices.empty()) continue;
    const std::string product = TextOf(device, "productName");
    starts[product][TextOf(device, "profile")].insert(slices.front());
    sizes[product][TextOf(device, "profile")] = static_cast<int>(slices.size());
  }
  for (const auto& [product, published] : starts) {
    const MigGeometry* geometry = MigGeometryOf(product, MemoryMibOfWhole(slice, product));
    if (geometry == nullptr) continue;
    std::string problem = Check(product, *geometry, published, sizes.at(product));
    if (!problem.empty()) return problem;
  }
  return "";
}

}  // namespace muster
