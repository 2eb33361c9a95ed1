// SPDX-License-Identifier: Apache-2.0
#include "server/config/read_option.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "yaml-cpp/yaml.h"

namespace muster {

std::string Written(const YAML::Node& value) {
  if (value.IsNull()) return "nothing";
  if (value.IsMap()) return "a mapping";
  if (value.IsSequence()) return "a list";
  return absl::StrCat("\"", value.Scalar(), "\"");
}

namespace {

absl::Status Unfit(const Option& option, const YAML::Node& value, absl::string_view wanted) {
  return absl::InvalidArgumentError(absl::StrCat(option.Path(), " is ", Written(value), "; want ", wanted));
}

constexpr absl::string_view kAddress = "host:port, such as \"0.0.0.0:8080\"";

}  // namespace

absl::Status CheckAddress(const Option& option, const std::string& text) {
  const size_t colon = text.rfind(':');
  int port = -1;
  if (colon == std::string::npos || colon == 0 || !absl::SimpleAtoi(text.substr(colon + 1), &port) ||
      port < 0 || port > 65535) {
    return absl::InvalidArgumentError(absl::StrCat(option.Path(), " is \"", text, "\"; want ", kAddress));
  }
  return absl::OkStatus();
}

namespace {

absl::Status Read(const Option& option, const DurationOption& kind, const YAML::Node& value, Config& config) {
  const std::string wanted = absl::StrCat("a duration from ", absl::FormatDuration(kind.least), " to ",
                                          absl::FormatDuration(kind.most), ", such as 250ms, 60s or 1h30m");
  absl::Duration duration;
  if (!value.IsScalar() || !absl::ParseDuration(value.Scalar(), &duration))
    return Unfit(option, value, wanted);
  if (duration < kind.least || duration > kind.most) return Unfit(option, value, wanted);
  kind.at(config) = duration;
  return absl::OkStatus();
}

absl::Status Read(const Option& option, const NumberOption& kind, const YAML::Node& value, Config& config) {
  const std::string wanted = absl::StrCat("a whole number from ", kind.least, " to ", kind.most);
  int64_t number = 0;
  // yaml-cpp's tag of a plain scalar; a quoted one is text.
  const bool plain = value.IsScalar() && value.Tag() == "?";
  if (!plain || !absl::SimpleAtoi(value.Scalar(), &number)) return Unfit(option, value, wanted);
  if (number < kind.least || number > kind.most) return Unfit(option, value, wanted);
  kind.at(config) = number;
  return absl::OkStatus();
}

absl::Status Read(const Option& option, const TextOption& kind, const YAML::Node& value, Config& config) {
  if (!value.IsScalar()) return Unfit(option, value, "text");
  const std::string text = value.Scalar();
  if (!kind.words.empty() && std::find(kind.words.begin(), kind.words.end(), text) == kind.words.end()) {
    return Unfit(option, value, absl::StrCat("one of ", absl::StrJoin(kind.words, ", ")));
  }
  kind.at(config) = text;
  return absl::OkStatus();
}

absl::Status Read(const Option& option, const AddressOption& kind, const YAML::Node& value, Config& config) {
  if (!value.IsScalar()) return Unfit(option, value, kAddress);
  kind.at(config) = value.Scalar();
  return CheckAddress(option, value.Scalar());
}

absl::StatusOr<std::string> ReadText(const Option& option, const YAML::Node& value) {
  if (!value.IsScalar()) return Unfit(option, value, "a list of texts");
  return value.Scalar();
}

absl::StatusOr<Level> ReadLevel(const Option& option, const YAML::Node& value) {
  const absl::string_view wanted = "a mapping with a name and a key for each level";
  if (!value.IsMap()) return Unfit(option, value, wanted);
  Level level;
  for (const auto& entry : value) {
    if (!entry.first.IsScalar() || !entry.second.IsScalar()) return Unfit(option, value, wanted);
    const std::string& name = entry.first.Scalar();
    std::string* const field = name == "name" ? &level.name : name == "key" ? &level.key : nullptr;
    if (field == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat("a level of ", option.Path(), " has the key ", name, "; want name and key"));
    }
    if (!field->empty()) {
      return absl::InvalidArgumentError(absl::StrCat("a level of ", option.Path(), " has ", name, " twice"));
    }
    *field = entry.second.Scalar();
  }
  if (level.name.empty() || level.key.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("a level of ", option.Path(), " has no ", level.name.empty() ? "name" : "key"));
  }
  return level;
}

absl::StatusOr<ClassRule> ReadClassRule(const Option& option, const YAML::Node& value) {
  const auto bad = [&](absl::string_view what) {
    return absl::InvalidArgumentError(absl::StrCat("a rule of ", option.Path(), " ", what));
  };
  if (!value.IsMap()) return Unfit(option, value, "a mapping with label, values and class for each rule");
  ClassRule rule;
  bool has_class = false;
  for (const auto& entry : value) {
    const std::string name = entry.first.IsScalar() ? entry.first.Scalar() : "";
    if (name == "label" && entry.second.IsScalar()) {
      rule.label = entry.second.Scalar();
    } else if (name == "values" && entry.second.IsSequence()) {
      for (const YAML::Node& text : entry.second) {
        if (!text.IsScalar()) return bad("has values that are no texts");
        rule.values.push_back(text.Scalar());
      }
    } else if (name == "class" && entry.second.IsScalar()) {
      const auto capacity = CapacityClassNamed(entry.second.Scalar());
      if (!capacity.has_value()) {
        return bad(absl::StrCat("has the class ", Written(entry.second),
                                "; want one of on-demand, reserved, spot, flex, unknown"));
      }
      rule.capacity = *capacity;
      has_class = true;
    } else {
      return bad(absl::StrCat("has the key ", name, " with ", Written(entry.second),
                              "; want label: text, values: a list, class: text"));
    }
  }
  if (rule.label.empty()) return bad("has no label");
  if (!has_class) return bad("has no class");
  return rule;
}

absl::Status Read(const Option& option, const PoliciesOption& kind, const YAML::Node& value, Config& config) {
  const absl::string_view wanted =
      "a mapping of names to any, spot, on-demand, prefer-spot or prefer-on-demand";
  if (!value.IsMap()) return Unfit(option, value, wanted);
  std::vector<std::pair<std::string, CapacityPolicy>> policies;
  for (const auto& entry : value) {
    const bool texts = entry.first.IsScalar() && entry.second.IsScalar();
    const auto policy = texts ? CapacityPolicyNamed(entry.second.Scalar()) : std::nullopt;
    if (!policy.has_value()) return Unfit(option, entry.second, wanted);
    policies.emplace_back(entry.first.Scalar(), *policy);
  }
  kind.at(config) = std::move(policies);
  return absl::OkStatus();
}

absl::StatusOr<NodePrice> ReadPrice(const Option& option, const YAML::Node& value) {
  const auto bad = [&](absl::string_view what) {
    return absl::InvalidArgumentError(absl::StrCat("an entry of ", option.Path(), " ", what));
  };
  if (!value.IsMap()) return Unfit(option, value, "a mapping with type and hourly for each price");
  NodePrice price;
  price.hourly = -1;
  for (const auto& entry : value) {
    if (!entry.first.IsScalar() || !entry.second.IsScalar()) return bad("has a value that is no text");
    const std::string& name = entry.first.Scalar();
    const std::string& text = entry.second.Scalar();
    if (name == "type") {
      price.type = text;
    } else if (name == "region") {
      price.region = text;
    } else if (name == "class") {
      price.capacity = CapacityClassNamed(text);
      if (!price.capacity.has_value()) {
        return bad(absl::StrCat("has the class ", Written(entry.second),
                                "; want on-demand, reserved, spot or flex"));
      }
    } else if (name == "hourly") {
      if (!absl::SimpleAtod(text, &price.hourly) || !(price.hourly >= 0 && price.hourly < 1e9)) {
        return bad(absl::StrCat("has hourly ", Written(entry.second), "; want a number of at least 0"));
      }
    } else {
      return bad(absl::StrCat("has the key ", name, "; want type, region, class and hourly"));
    }
  }
  if (price.type.empty()) return bad("has no type");
  if (price.hourly < 0) return bad("has no hourly");
  return price;
}

// A list, each element as `read` takes it.
template <typename Kind, typename Element>
absl::Status ReadList(const Option& option, const Kind& kind, const YAML::Node& value, Config& config,
                      absl::StatusOr<Element> (*read)(const Option&, const YAML::Node&)) {
  if (!value.IsSequence()) return Unfit(option, value, "a list");
  std::vector<Element> elements;
  for (const YAML::Node& node : value) {
    absl::StatusOr<Element> element = read(option, node);
    if (!element.ok()) return element.status();
    elements.push_back(*std::move(element));
  }
  kind.at(config) = std::move(elements);
  return absl::OkStatus();
}

absl::Status Read(const Option& option, const TextsOption& kind, const YAML::Node& value, Config& config) {
  return ReadList(option, kind, value, config, ReadText);
}

absl::Status Read(const Option& option, const LevelsOption& kind, const YAML::Node& value, Config& config) {
  return ReadList(option, kind, value, config, ReadLevel);
}

absl::Status Read(const Option& option, const ClassRulesOption& kind, const YAML::Node& value,
                  Config& config) {
  return ReadList(option, kind, value, config, ReadClassRule);
}

absl::Status Read(const Option& option, const PricesOption& kind, const YAML::Node& value, Config& config) {
  return ReadList(option, kind, value, config, ReadPrice);
}

}  // namespace

absl::Status ReadOption(const Option& option, const YAML::Node& value, Config& config) {
  return std::visit([&](const auto& kind) { return Read(option, kind, value, config); }, option.kind);
}

}  // namespace muster
