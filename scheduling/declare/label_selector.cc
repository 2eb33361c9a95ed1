// SPDX-License-Identifier: Apache-2.0
#include "scheduling/declare/label_selector.h"

#include <string>

namespace muster::declare {
namespace {

using Op = LabelRequirement::Op;

LabelRequirement ReadExpression(const ObjectFields& fields) {
  LabelRequirement requirement;
  requirement.key = fields.NeededText("key");
  const std::string op = fields.NeededText("operator");
  fields.ForEach("values", [&](const ObjectFields& value) { requirement.values.push_back(value.OwnText()); });
  const bool has_values = !requirement.values.empty();
  if (op == "In" || op == "NotIn") {
    requirement.op = op == "In" ? Op::kIn : Op::kNotIn;
    if (!has_values) fields.Reject("values", "a list of texts");
  } else if (op == "Exists" || op == "DoesNotExist") {
    requirement.op = op == "Exists" ? Op::kExists : Op::kDoesNotExist;
    if (has_values) fields.Reject("values", "none");
  } else {
    fields.Reject("operator", "In, NotIn, Exists or DoesNotExist");
  }
  return requirement;
}

}  // namespace

std::vector<LabelRequirement> ReadLabelSelector(const ObjectFields& fields) {
  std::vector<LabelRequirement> requirements;
  fields.ForEachText("matchLabels", [&](const std::string& key, const std::string& value) {
    requirements.push_back({key, Op::kIn, {value}});
  });
  fields.ForEach("matchExpressions",
                 [&](const ObjectFields& expression) { requirements.push_back(ReadExpression(expression)); });
  return requirements;
}

}  // namespace muster::declare
