// SPDX-License-Identifier: Apache-2.0
// Objects beside nodes and pods that say something of them.
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "nlohmann/json.hpp"
#include "server/objects/fields.h"
#include "server/objects/objects.h"
#include "server/objects/requirement.h"

namespace muster {
namespace {

// A number or a percentage of pods that is more than none.
bool IsMoreThanNone(const nlohmann::json& amount) {
  if (amount.is_number_integer()) return amount.get<int64_t>() > 0;
  if (!amount.is_string()) return false;
  std::string text = amount.get<std::string>();
  absl::string_view digits = text;
  int64_t percent = 0;
  return absl::ConsumeSuffix(&digits, "%") && absl::SimpleAtoi(digits, &percent) && percent > 0;
}

bool SparesOne(const nlohmann::json& object) {
  const nlohmann::json spec = object.value("spec", nlohmann::json::object());
  // One of the two is set. A part of one pod is rounded up to that pod, where it
  // must stay and where it may go alike.
  if (spec.is_object() && spec.contains("maxUnavailable") && !spec["maxUnavailable"].is_null())
    return !IsMoreThanNone(spec["maxUnavailable"]);
  if (spec.is_object() && spec.contains("minAvailable") && !spec["minAvailable"].is_null())
    return IsMoreThanNone(spec["minAvailable"]);
  return true;
}

void ReadAdjustment(const Fields& spec, PriceChange& change) {
  const std::string text = spec.String("priceAdjustment");
  if (text.empty()) return;
  absl::string_view number = text;
  const bool percent = absl::ConsumeSuffix(&number, "%");
  double value = 0;
  if (number.empty() || (number[0] != '+' && number[0] != '-') || !absl::SimpleAtod(number, &value) ||
      (percent && value < -100)) {
    return spec.Reject("priceAdjustment", absl::StrCat("\"", text, "\" is neither like +5.00 nor like -10%"));
  }
  if (percent) {
    change.factor = 1 + value / 100;
  } else {
    change.added = value;
  }
}

}  // namespace

absl::StatusOr<DisruptionBudget> DecodeDisruptionBudget(const nlohmann::json& object) {
  if (!object.is_object()) return absl::InvalidArgumentError("disruption budget: want an object");
  absl::Status error;
  const Fields root(object, &error);
  const Fields metadata = root.At("metadata");
  DisruptionBudget budget;
  budget.ns = metadata.String("namespace");
  if (budget.ns.empty()) budget.ns = "default";
  budget.name = metadata.String("name");
  if (budget.name.empty()) metadata.Reject("name", "want the budget's name");
  budget.selector = DecodeSelector(root.At("spec"), "selector");
  budget.expected_pods = root.At("status").Integer("expectedPods", 0);
  if (!error.ok()) return error;
  budget.spares_one = SparesOne(object);
  return budget;
}

absl::StatusOr<NodeOverlay> DecodeNodeOverlay(const nlohmann::json& object) {
  if (!object.is_object()) return absl::InvalidArgumentError("node overlay: want an object");
  absl::Status error;
  const Fields root(object, &error);
  const Fields metadata = root.At("metadata");
  const Fields spec = root.At("spec");
  NodeOverlay overlay;
  overlay.name = metadata.String("name");
  if (overlay.name.empty()) metadata.Reject("name", "want the overlay's name");
  overlay.weight = spec.Integer("weight", 0);
  spec.ForEach("requirements",
               [&](const Fields& r) { overlay.requirements.push_back(DecodeRequirement(r)); });
  if (const std::string price = spec.String("price"); !price.empty()) {
    double value = 0;
    if (!absl::SimpleAtod(price, &value) || !(value >= 0 && value < 1e12)) {
      spec.Reject("price", absl::StrCat("\"", price, "\" is no price"));
    }
    overlay.change.price = value;
  }
  ReadAdjustment(spec, overlay.change);
  if (!error.ok()) return error;
  return overlay;
}

}  // namespace muster
