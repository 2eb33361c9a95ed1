// SPDX-License-Identifier: Apache-2.0
#include "server/config/config.h"

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "scheduling/topology/levels.h"
#include "server/config/nearest.h"
#include "server/config/options.h"
#include "yaml-cpp/yaml.h"

namespace muster {
namespace {

absl::Status At(const YAML::Node& node, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("line ", node.Mark().line + 1, ": ", what));
}

// The value as the operator wrote it, for messages.
std::string Written(const YAML::Node& value) {
  if (value.IsNull()) return "nothing";
  if (value.IsMap()) return "a mapping";
  if (value.IsSequence()) return "a list";
  return absl::StrCat("\"", value.Scalar(), "\"");
}

absl::Status Unfit(const Option& option, const YAML::Node& value, absl::string_view wanted) {
  return absl::InvalidArgumentError(absl::StrCat(option.Path(), " is ", Written(value), "; want ", wanted));
}

constexpr absl::string_view kAddress = "host:port, such as \"0.0.0.0:8080\"";

absl::Status CheckAddress(const Option& option, const std::string& text) {
  const size_t colon = text.rfind(':');
  int port = -1;
  if (colon == std::string::npos || colon == 0 || !absl::SimpleAtoi(text.substr(colon + 1), &port) ||
      port < 0 || port > 65535) {
    return absl::InvalidArgumentError(absl::StrCat(option.Path(), " is \"", text, "\"; want ", kAddress));
  }
  return absl::OkStatus();
}

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

absl::Status Read(const Option& option, const TextsOption& kind, const YAML::Node& value, Config& config) {
  if (!value.IsSequence()) return Unfit(option, value, "a list");
  std::vector<std::string> texts;
  for (const YAML::Node& text : value) {
    if (!text.IsScalar()) return Unfit(option, text, "a list of texts");
    texts.push_back(text.Scalar());
  }
  kind.at(config) = std::move(texts);
  return absl::OkStatus();
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

absl::Status Read(const Option& option, const LevelsOption& kind, const YAML::Node& value, Config& config) {
  if (!value.IsSequence()) return Unfit(option, value, "a list");
  std::vector<Level> levels;
  for (const YAML::Node& element : value) {
    absl::StatusOr<Level> level = ReadLevel(option, element);
    if (!level.ok()) return level.status();
    levels.push_back(*std::move(level));
  }
  kind.at(config) = std::move(levels);
  return absl::OkStatus();
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

absl::Status Read(const Option& option, const ClassRulesOption& kind, const YAML::Node& value,
                  Config& config) {
  if (!value.IsSequence()) return Unfit(option, value, "a list");
  std::vector<ClassRule> rules;
  for (const YAML::Node& element : value) {
    absl::StatusOr<ClassRule> rule = ReadClassRule(option, element);
    if (!rule.ok()) return rule.status();
    rules.push_back(*std::move(rule));
  }
  kind.at(config) = std::move(rules);
  return absl::OkStatus();
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

absl::Status Read(const Option& option, const PricesOption& kind, const YAML::Node& value, Config& config) {
  if (!value.IsSequence()) return Unfit(option, value, "a list");
  std::vector<NodePrice> prices;
  for (const YAML::Node& element : value) {
    absl::StatusOr<NodePrice> price = ReadPrice(option, element);
    if (!price.ok()) return price.status();
    prices.push_back(*std::move(price));
  }
  kind.at(config) = std::move(prices);
  return absl::OkStatus();
}

absl::Status UnknownKey(const YAML::Node& key, absl::string_view section, const std::string& name) {
  const std::string path = section.empty() ? name : absl::StrCat(section, ".", name);
  std::vector<std::string> here;
  for (const Option& option : Options()) {
    if (option.section == section) here.push_back(option.name);
    if (section.empty() && !option.section.empty()) here.push_back(option.section);
  }
  std::string nearest = Nearest(name, here);
  for (const Option& option : Options()) {
    // The right name at the wrong place.
    if (option.name == name) nearest = option.Path();
  }
  return At(key, absl::StrCat("unknown key ", path, "; did you mean ", nearest, "?"));
}

const Option* FindOption(absl::string_view section, absl::string_view name) {
  for (const Option& option : Options()) {
    if (option.section == section && option.name == name) return &option;
  }
  return nullptr;
}

bool IsSection(absl::string_view name) {
  return std::any_of(Options().begin(), Options().end(),
                     [name](const Option& option) { return option.section == name; });
}

absl::Status ReadSection(const YAML::Node& map, const std::string& section, Config& config) {
  if (map.IsNull()) return absl::OkStatus();  // all of it is commented out
  if (!map.IsMap()) {
    return At(map, absl::StrCat(section.empty() ? "the configuration" : section, " is ", Written(map),
                                "; want a mapping of options"));
  }
  std::set<std::string> seen;
  for (const auto& entry : map) {
    if (!entry.first.IsScalar()) return At(entry.first, "a key is no text");
    const std::string name = entry.first.Scalar();
    if (!seen.insert(name).second) {
      return At(entry.first, absl::StrCat(section.empty() ? name : section + "." + name, " is given twice"));
    }
    absl::Status status;
    if (const Option* option = FindOption(section, name)) {
      status = std::visit([&](const auto& kind) { return Read(*option, kind, entry.second, config); },
                          option->kind);
      if (!status.ok()) status = At(entry.first, status.message());
    } else if (section.empty() && !name.empty() && IsSection(name)) {
      status = ReadSection(entry.second, name, config);
    } else {
      status = UnknownKey(entry.first, section, name);
    }
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace

Closeness ClosenessOf(const Config::Gangs& gangs) {
  if (gangs.closeness == "strict") return Closeness::kStrict;
  return gangs.closeness == "eager" ? Closeness::kEager : Closeness::kPatient;
}

TenantOptions TenantOptionsOf(const Config::Gpus& gpus) {
  TenantOptions options{.label = gpus.tenant_label};
  if (gpus.separate_tenants == "instances") options.separate = TenantOptions::Separate::kInstances;
  if (gpus.separate_tenants == "never") options.separate = TenantOptions::Separate::kNobody;
  return options;
}

CapacityOptions CapacityOf(const Config::Capacity& capacity) {
  CapacityOptions options;
  options.classes = {capacity.classes,
                     CapacityClassNamed(capacity.unlabelled).value_or(CapacityClass::kUnknown)};
  options.policies = {capacity.policies == "derived", capacity.namespaces, capacity.kinds, capacity.patience};
  options.risk = {static_cast<double>(capacity.reclaimed_per_day) / 100, capacity.run_time,
                  capacity.checkpoint_interval, capacity.restart_time};
  options.leaders_on_demand = capacity.leaders == "on-demand";
  return options;
}

namespace {

absl::Status CheckTls(const TlsFiles& tls) {
  if (tls.certificate.empty() != tls.key.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("tls.certificate is \"", tls.certificate,
                                                   "\" and tls.key is \"", tls.key,
                                                   "\"; want both, or neither"));
  }
  if (!tls.client_ca.empty() && !tls.enabled()) {
    return absl::InvalidArgumentError(
        "tls.clientCA is set without tls.certificate: no caller could show his own");
  }
  return absl::OkStatus();
}

absl::Status CheckLead(const Config::Lead& lead) {
  const std::vector<std::string> parts = absl::StrSplit(lead.lease, '/');
  if (!lead.lease.empty() && (parts.size() != 2 || parts[0].empty() || parts[1].empty())) {
    return absl::InvalidArgumentError(
        absl::StrCat("lead.lease is \"", lead.lease, "\"; want NAMESPACE/NAME, or nothing"));
  }
  if (lead.lease_duration != absl::Floor(lead.lease_duration, absl::Seconds(1))) {
    return absl::InvalidArgumentError(absl::StrCat(
        "lead.leaseDuration is ", absl::FormatDuration(lead.lease_duration), "; want whole seconds"));
  }
  const auto less = [](absl::string_view name, absl::Duration value, absl::string_view than,
                       absl::Duration limit) {
    if (value < limit) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrCat("lead.", name, " is ", absl::FormatDuration(value),
                                                   "; want less than lead.", than, ", ",
                                                   absl::FormatDuration(limit)));
  };
  if (absl::Status s = less("renewDeadline", lead.renew_deadline, "leaseDuration", lead.lease_duration);
      !s.ok())
    return s;
  return less("retryPeriod", lead.retry_period, "renewDeadline", lead.renew_deadline);
}

}  // namespace

absl::Status CheckConfig(const Config& config) {
  Config copy = config;
  for (const Option& option : Options()) {
    const auto* address = std::get_if<AddressOption>(&option.kind);
    if (address == nullptr) continue;
    if (absl::Status fit = CheckAddress(option, address->at(copy)); !fit.ok()) return fit;
  }
  if (!config.topology.levels.empty()) {
    const absl::Status checked = CheckLevels(config.topology.levels);
    if (!checked.ok()) {
      return absl::InvalidArgumentError(absl::StrCat("topology.levels: ", checked.message()));
    }
  }
  if (config.extender.hold_margin >= config.extender.http_timeout) {
    return absl::InvalidArgumentError(
        absl::StrCat("extender.holdMargin is ", absl::FormatDuration(config.extender.hold_margin),
                     "; want less than extender.httpTimeout, ",
                     absl::FormatDuration(config.extender.http_timeout), ": set both"));
  }
  if (absl::Status tls = CheckTls(config.tls); !tls.ok()) return tls;
  if (absl::Status lead = CheckLead(config.lead); !lead.ok()) return lead;
  if (!config.cluster.files.empty() && !config.cluster.kubeconfig.empty()) {
    return absl::InvalidArgumentError(
        "cluster.files and cluster.kubeconfig are both set; want one: a cluster in memory, or a live one");
  }
  return absl::OkStatus();
}

absl::StatusOr<Config> ParseConfig(const std::string& yaml) {
  Config config;
  // What yaml-cpp throws ends here.
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(yaml);
    if (documents.size() > 1) return At(documents[1], "a second document; want one");
    for (const YAML::Node& document : documents) {
      const absl::Status status = ReadSection(document, "", config);
      if (!status.ok()) return status;
    }
  } catch (const YAML::Exception& error) {
    return absl::InvalidArgumentError(absl::StrCat("line ", error.mark.line + 1, ": ", error.msg));
  }
  const absl::Status status = CheckConfig(config);
  if (!status.ok()) return status;
  return config;
}

absl::StatusOr<Config> LoadConfig(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  if (!file) return absl::NotFoundError(absl::StrCat("can't read ", path));
  absl::StatusOr<Config> config = ParseConfig(text.str());
  if (!config.ok()) return absl::InvalidArgumentError(absl::StrCat(path, ": ", config.status().message()));
  return config;
}

}  // namespace muster
