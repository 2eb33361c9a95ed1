// SPDX-License-Identifier: Apache-2.0
#include "server/cli/simulate_fgd.h"

#include <cmath>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "nlohmann/json.hpp"
#include "server/simulate/fgd_protocol.h"
#include "server/simulate/trace_csv.h"

namespace muster::cli {
namespace {

using simulate::FgdResult;
using simulate::kMarks;
using Json = nlohmann::ordered_json;

// Percent, with as many digits as mean something.
double Percent(double part) { return std::round(part * 1e6) / 1e4; }
double Micros(double micros) { return std::round(micros * 10) / 10; }

// An object from arrival percentage to the figure that `get` takes of a mark.
template <typename Get>
Json ByMark(const Get& get) {
  Json json = Json::object();
  for (size_t m = 0; m < kMarks.size(); ++m) json[absl::StrCat(kMarks[m])] = Percent(get(m));
  return json;
}

Json ResultJson(const FgdResult& result) {
  Json json;
  json["policy"] = result.policy;
  json["allocationRatio"] = ByMark([&](size_t m) { return result.Mean(m).allocated; });
  json["fragmentation"] = ByMark([&](size_t m) { return result.Mean(m).fragmentation; });
  json["perSeed"] = Json::array();
  for (const simulate::FgdRun& run : result.runs) {
    json["perSeed"].push_back(
        {{"seed", run.seed},
         {"allocationRatio", ByMark([&](size_t m) { return run.marks[m].allocated; })},
         {"fragmentation", ByMark([&](size_t m) { return run.marks[m].fragmentation; })}});
  }
  json["decisionMicroseconds"] = {{"median", Micros(result.time.median)},
                                  {"p99", Micros(result.time.p99)},
                                  {"mean", Micros(result.time.mean)}};
  return json;
}

std::string AsJson(const replay::Trace& trace, const SimulateOptions& options,
                   const std::vector<FgdResult>& results) {
  Json json = {{"protocol", "fgd"},
               {"nodes", trace.nodes.size()},
               {"gpus", replay::Capacity(trace) / kWholeGpu},
               {"pods", trace.pods.size()},
               {"seeds", options.seeds}};
  json.update(ResultJson(results.front()));
  json["policies"] = Json::array();
  for (const FgdResult& result : results) json["policies"].push_back(ResultJson(result));
  return json.dump(2) + "\n";
}

std::string AsTable(const replay::Trace& trace, const std::vector<FgdResult>& results) {
  std::string text =
      absl::StrCat("GPUs allocated, and (of what is free, unusable), in percent, when so many percent of ",
                   replay::Capacity(trace) / kWholeGpu, " GPUs were asked for\n\n");
  absl::StrAppendFormat(&text, "%-10s", "POLICY");
  for (const int mark : kMarks) absl::StrAppendFormat(&text, "  %13d", mark);
  text += "   us/decision\n";
  for (const FgdResult& result : results) {
    absl::StrAppendFormat(&text, "%-10s", result.policy);
    for (size_t m = 0; m < kMarks.size(); ++m) {
      const replay::Mark mean = result.Mean(m);
      absl::StrAppendFormat(&text, "  %5.2f (%5.1f)", mean.allocated * 100, mean.fragmentation * 100);
    }
    absl::StrAppendFormat(&text, "  %12.1f\n", result.time.median);
  }
  return text;
}

std::string AsCsv(const std::vector<FgdResult>& results) {
  std::string text = "policy,seed,arrived,allocation_ratio,fragmentation\n";
  for (const FgdResult& result : results) {
    for (const simulate::FgdRun& run : result.runs) {
      for (size_t m = 0; m < kMarks.size(); ++m) {
        absl::StrAppendFormat(&text, "%s,%d,%d,%.4f,%.4f\n", result.policy, run.seed, kMarks[m],
                              run.marks[m].allocated * 100, run.marks[m].fragmentation * 100);
      }
    }
  }
  return text;
}

}  // namespace

absl::StatusOr<std::string> SimulateFgd(const SimulateOptions& options, std::ostream& err) {
  if (options.nodes.empty()) return absl::InvalidArgumentError("--protocol fgd needs --nodes FILE");
  if (options.pods.empty()) return absl::InvalidArgumentError("--protocol fgd needs --pods FILE");
  const absl::StatusOr<replay::Trace> trace = simulate::ReadTrace(options.nodes, options.pods);
  if (!trace.ok()) return trace.status();
  simulate::FgdOptions fgd;
  fgd.policies = options.policies;
  fgd.seeds = options.seeds;
  fgd.progress = [&err](int done, int all) { err << "run " << done << " of " << all << "\n" << std::flush; };
  const std::vector<FgdResult> results = simulate::RunFgd(*trace, fgd);
  if (options.format == SimulateFormat::kJson) return AsJson(*trace, options, results);
  return options.format == SimulateFormat::kCsv ? AsCsv(results) : AsTable(*trace, results);
}

}  // namespace muster::cli
