// SPDX-License-Identifier: Apache-2.0
#include "server/objects/requirement.h"

#include <array>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

namespace muster {

LabelRequirement DecodeRequirement(const Fields& expression) {
  static constexpr std::array<std::pair<const char*, LabelRequirement::Op>, 6> kOps = {{
      {"In", LabelRequirement::Op::kIn},
      {"NotIn", LabelRequirement::Op::kNotIn},
      {"Exists", LabelRequirement::Op::kExists},
      {"DoesNotExist", LabelRequirement::Op::kDoesNotExist},
      {"Gt", LabelRequirement::Op::kGt},
      {"Lt", LabelRequirement::Op::kLt},
  }};
  LabelRequirement requirement;
  requirement.key = expression.String("key");
  const std::string op = expression.String("operator");
  bool known = false;
  for (const auto& [name, value] : kOps) {
    if (op != name) continue;
    requirement.op = value;
    known = true;
  }
  if (!known) expression.Reject("operator", absl::StrCat("unknown operator \"", op, "\""));
  expression.ForEach("values", [&](const Fields& value) { requirement.values.push_back(value.Text()); });
  return requirement;
}

PodSelector DecodeSelector(const Fields& parent, absl::string_view key) {
  const Fields selector = parent.At(key);
  if (!selector.Present()) return std::nullopt;
  std::vector<LabelRequirement> requirements;
  for (const auto& [label, value] : selector.Strings("matchLabels")) {
    requirements.push_back({label, LabelRequirement::Op::kIn, {value}});
  }
  selector.ForEach("matchExpressions", [&](const Fields& expression) {
    LabelRequirement requirement = DecodeRequirement(expression);
    if (requirement.op == LabelRequirement::Op::kGt || requirement.op == LabelRequirement::Op::kLt) {
      expression.Reject("operator", "selectors of pods do not compare numbers");
    }
    requirements.push_back(std::move(requirement));
  });
  return requirements;
}

}  // namespace muster
