// SPDX-License-Identifier: Apache-2.0
#include "scheduling/engine/expansion_order.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <string>

#include "re2/re2.h"

namespace muster {
namespace {

// Of each option the place of the first pattern that its name matches, or that behind the last.
std::vector<size_t> PlacesOf(const Expansion& expansion, const std::vector<std::string>& patterns) {
  std::vector<std::unique_ptr<RE2>> compiled;
  for (const std::string& pattern : patterns) compiled.push_back(std::make_unique<RE2>(pattern, RE2::Quiet));
  std::vector<size_t> places;
  for (const ExpansionOption& option : expansion.options) {
    const auto first = std::find_if(compiled.begin(), compiled.end(), [&](const auto& pattern) {
      return pattern->ok() && RE2::PartialMatch(option.id, *pattern);
    });
    places.push_back(static_cast<size_t>(first - compiled.begin()));
  }
  return places;
}

}  // namespace

ExpansionOrder::ExpansionOrder(const Expansion& expansion, const std::vector<double>& bought,
                               const Prices& prices, const ExpanderOptions& options)
    : expansion_(expansion), bought_(bought), prices_(prices), order_(options.order) {
  if (order_ == ExpanderOrder::kPriority) places_ = PlacesOf(expansion, options.groups);
}

double ExpansionOrder::PerValue(size_t option, const OptionWorth& worth) const {
  return worth.value > 0 ? bought_[option] / worth.value : std::numeric_limits<double>::infinity();
}

std::pair<double, double> ExpansionOrder::Cost(size_t option, const OptionWorth& worth) const {
  switch (order_) {
    case ExpanderOrder::kLeastCost:
      return {PerValue(option, worth), bought_[option]};
    case ExpanderOrder::kLeastWaste: {
      const ExpansionOption& o = expansion_.options[option];
      const double rated =
          static_cast<double>(o.nodes) * prices_.ByRates(o.sample.allocatable, CapacityClass::kOnDemand);
      return {rated > 0 ? 1 - worth.value / rated : 0, 0};
    }
    case ExpanderOrder::kMostPods:
      return {-static_cast<double>(worth.pods), 0};
    case ExpanderOrder::kPriority:
      return {static_cast<double>(places_[option]), PerValue(option, worth)};
  }
  return {0, 0};
}

}  // namespace muster
