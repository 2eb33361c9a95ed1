// SPDX-License-Identifier: Apache-2.0
#include "server/config/config.h"

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "server/config/nearest.h"
#include "server/config/options.h"
#include "server/config/read_option.h"
#include "yaml-cpp/yaml.h"

namespace muster {
namespace {

absl::Status At(const YAML::Node& node, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("line ", node.Mark().line + 1, ": ", what));
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
      status = ReadOption(*option, entry.second, config);
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

Repair RepairOf(const Config::Gangs& gangs) { return RepairNamed(gangs.repair).value_or(Repair::kWait); }

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

ScaleUpOptions ScaleUpOf(const Config::ScaleUp& scale_up) {
  return {.policy = ScaleUpPolicyNamed(scale_up.policy).value_or(ScaleUpPolicy::kUngate),
          .delay = scale_up.delay,
          .answer_within = scale_up.answer_within,
          .settle = scale_up.settle,
          .retry_after = scale_up.retry_after,
          .placeholders_below = static_cast<int32_t>(scale_up.placeholders_below)};
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
