// SPDX-License-Identifier: Apache-2.0
#include "server/cli/plan.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <string>

#include "nlohmann/json.hpp"
#include "scheduling/engine/plan_job.h"
#include "scheduling/topology/build_topologies.h"
#include "server/config/config.h"
#include "server/embedded/manifests.h"
#include "server/prices/price_files.h"
#include "server/report/report_format.h"

namespace muster::cli {
namespace {

void Emit(const nlohmann::ordered_json& json, YAML::Emitter& yaml) {
  if (json.is_object()) {
    yaml << YAML::BeginMap;
    for (const auto& [key, value] : json.items()) {
      yaml << YAML::Key << key << YAML::Value;
      Emit(value, yaml);
    }
    yaml << YAML::EndMap;
  } else if (json.is_array()) {
    if (json.empty()) yaml << YAML::Flow;
    yaml << YAML::BeginSeq;
    for (const auto& element : json) Emit(element, yaml);
    yaml << YAML::EndSeq;
  } else if (json.is_string()) {
    // Quoted, so that no name is read back as a number.
    yaml << YAML::DoubleQuoted << json.get_ref<const std::string&>();
  } else if (json.is_null()) {
    yaml << YAML::Null;
  } else {
    yaml << json.get<int64_t>();
  }
}

std::string AsYaml(const nlohmann::ordered_json& json) {
  YAML::Emitter yaml;
  Emit(json, yaml);
  return std::string(yaml.c_str()) + "\n";
}

// Gangs are planned here whoever would come for their seats.
void NoteOtherSchedulers(const ClusterView& view, const std::vector<GangReport>& reports,
                         const Config& config, std::ostream& err) {
  const std::vector<std::string>& ours = config.gangs.scheduler_names;
  for (const GangReport& report : reports) {
    std::string scheduler;
    view.FindMembers(report.gang)->ForEach([&](const PodName&, const auto& pod) {
      scheduler = pod->scheduler_name;
    });
    if (ours.empty() || std::find(ours.begin(), ours.end(), scheduler) != ours.end()) continue;
    err << "note: gang " << report.gang.text() << " is of scheduler " << scheduler
        << ": muster serve plans it only if gangs.schedulerNames has that\n";
  }
}

// Topologies that can't be used, or not all of; of single objects the files' notes tell.
void NoteTopologies(const ClusterView& view, const TopologyOptions& options, std::ostream& err) {
  for (const TopologyProblem& problem : BuildTopologies(view, options).problems) {
    const auto* object = view.topology_objects().Find(problem.key);
    if (object != nullptr && !(*object)->problem.empty()) continue;
    err << "note: " << problem.key.declared_by << " " << problem.key.name << ": " << problem.text << "\n";
  }
}

}  // namespace

int Plan(const PlanOptions& options, std::ostream& out, std::ostream& err) {
  const absl::StatusOr<Config> config =
      options.config.empty() ? absl::StatusOr<Config>(Config()) : LoadConfig(options.config);
  if (!config.ok()) {
    err << "muster plan: " << config.status().message() << "\n";
    return kBadInput;
  }
  const absl::StatusOr<Manifests> manifests = ReadManifestFiles(options.files);
  if (!manifests.ok()) {
    err << "muster plan: " << manifests.status().message() << "\n";
    return kBadInput;
  }
  for (const std::string& note : manifests->notes) err << "note: " << note << "\n";

  PlanAllOptions plan;
  plan.topology.levels = config->topology.levels;
  plan.closeness = ClosenessOf(config->gangs);
  plan.tenants = TenantOptionsOf(config->gpus);
  plan.capacity = CapacityOf(config->capacity);
  plan.placeholders_below = ScaleUpOf(config->scale_up).placeholders_below;
  absl::StatusOr<Prices> prices = LoadPrices(config->capacity.price_files, config->capacity.prices);
  if (!prices.ok()) {
    err << "muster plan: " << prices.status().message() << "\n";
    return kBadInput;
  }
  plan.capacity.prices = *std::move(prices);
  NoteTopologies(manifests->view, plan.topology, err);
  const std::vector<GangReport> reports = PlanAll(manifests->view, Ledger(), Declined(), plan);
  NoteOtherSchedulers(manifests->view, reports, *config, err);
  if (options.format == PlanFormat::kTable) {
    out << ReportTable(reports);
  } else {
    nlohmann::ordered_json json = {{"gangs", nlohmann::ordered_json::array()}};
    for (const GangReport& report : reports) json["gangs"].push_back(ReportJson(report));
    out << (options.format == PlanFormat::kJson ? json.dump(2) + "\n" : AsYaml(json));
  }
  if (reports.empty() && !manifests->sources_without_pods.empty()) {
    err << "muster plan: nothing to plan: " << manifests->sources_without_pods.front()
        << " holds no pods; give the pods themselves, as the job's controller makes them\n";
    return kBadInput;
  }
  const bool fits = std::all_of(reports.begin(), reports.end(),
                                [](const GangReport& report) { return report.outcome == Outcome::kPlaced; });
  return fits ? kEverythingFits : kSomethingDoesNotFit;
}

}  // namespace muster::cli
