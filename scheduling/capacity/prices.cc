// SPDX-License-Identifier: Apache-2.0
#include "scheduling/capacity/prices.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace muster {
namespace {

absl::string_view LabelOf(const Node& node, absl::string_view key) {
  const auto at = node.labels.find(key);
  return at == node.labels.end() ? absl::string_view() : absl::string_view(at->second);
}

absl::string_view FieldOf(const Node& node, absl::string_view field) {
  if (field == "spec.providerID") return node.provider_id;
  if (field == "metadata.name") return node.name.text();
  if (absl::ConsumePrefix(&field, "metadata.labels.")) return LabelOf(node, field);
  return "";
}

// How specific the entry is for the node; -1 if it does not fit.
int Fit(const NodePrice& price, const Node& node, CapacityClass capacity) {
  int fit = 0;
  if (!price.value.empty()) {
    if (FieldOf(node, price.field) != price.value) return -1;
    fit += price.per_gpu ? 1 : 8;
  }
  if (!price.type.empty()) {
    if (LabelOf(node, "node.kubernetes.io/instance-type") != price.type) return -1;
    fit += 4;
  }
  if (!price.region.empty()) {
    if (LabelOf(node, "topology.kubernetes.io/region") != price.region) return -1;
    fit += 2;
  }
  if (price.capacity.has_value()) {
    // What is of no known class costs as on demand.
    const bool same = *price.capacity == capacity ||
                      (*price.capacity == CapacityClass::kOnDemand && capacity == CapacityClass::kUnknown);
    if (!same) return -1;
    fit += 1;
  }
  return fit;
}

double Gib(int64_t bytes) { return static_cast<double>(bytes) / (1 << 30); }

}  // namespace

int64_t GpusIn(const Resources& amounts) {
  int64_t gpus = 0;
  for (const auto& [name, amount] : amounts.scalars) gpus += absl::EndsWith(name, "/gpu") ? amount : 0;
  return gpus;
}

double Prices::ByRates(const Resources& amounts, CapacityClass capacity) const {
  const Rates& rates = capacity == CapacityClass::kSpot ? spot_ : rates_;
  return rates.cpu * static_cast<double>(amounts.cpu_millis) / 1000 + rates.ram * Gib(amounts.memory_bytes) +
         rates.gpu * static_cast<double>(GpusIn(amounts));
}

double Prices::OfNode(const Node& node, CapacityClass capacity) const {
  if (!node.price_change.has_value()) return Listed(node, capacity);
  const PriceChange& change = *node.price_change;
  if (change.price.has_value()) return *change.price;
  return std::max(0.0, Listed(node, capacity) * change.factor + change.added);
}

double Prices::Listed(const Node& node, CapacityClass capacity) const {
  // A class that only the operator's rules know fits entries as well.
  const NodePrice* best = nullptr;
  int best_fit = 0;
  double gpus = 0;
  bool gpu_priced = false;
  for (const NodePrice& price : nodes_) {
    const int fit = Fit(price, node, capacity);
    if (fit < 0) continue;
    if (price.per_gpu) {
      gpus = price.hourly * static_cast<double>(GpusIn(node.allocatable));
      gpu_priced = true;
    } else if (best == nullptr || fit >= best_fit) {
      best = &price;
      best_fit = fit;
    }
  }
  if (best != nullptr) return best->hourly;
  if (!gpu_priced) return ByRates(node.allocatable, capacity);
  Resources rest = node.allocatable;
  rest.scalars.clear();
  return ByRates(rest, capacity) + gpus;
}

double Prices::OfShare(const Node& node, CapacityClass capacity, const Resources& amounts) const {
  const double all = ByRates(node.allocatable, capacity);
  return all <= 0 ? 0 : OfNode(node, capacity) * ByRates(amounts, capacity) / all;
}

}  // namespace muster
