// SPDX-License-Identifier: Apache-2.0
#include "server/cli/simulate.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "nlohmann/json.hpp"
#include "server/cli/plan.h"
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

absl::Status Check(const SimulateOptions& options) {
  constexpr int kMostSeeds = 1000;
  if (options.seeds < 1 || options.seeds > kMostSeeds) {
    return absl::InvalidArgumentError(
        absl::StrCat("--seeds ", options.seeds, " is not from 1 to ", kMostSeeds));
  }
  for (const std::string& policy : options.policies) {
    const auto names = replay::PolicyNames();
    if (std::find(names.begin(), names.end(), policy) != names.end()) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("--policy ", policy, " is none of ", absl::StrJoin(names, ", ")));
  }
  if (options.nodes.empty()) return absl::InvalidArgumentError("--protocol fgd needs --nodes FILE");
  if (options.pods.empty()) return absl::InvalidArgumentError("--protocol fgd needs --pods FILE");
  return absl::OkStatus();
}

absl::StatusOr<std::string> SimulateFgd(const SimulateOptions& options, std::ostream& err) {
  if (absl::Status status = Check(options); !status.ok()) return status;
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

}  // namespace

std::string SimulateHelp() {
  return "Protocol fgd replays a trace in the columns of Alibaba's cluster-trace-gpu-v2023: per seed the "
         "pods in\n"
         "another order and then copies of them, until they ask for 130 % of the GPUs. They come one by one "
         "and none\n"
         "leaves. What counts is how much of the GPUs is allocated when pods that ask for 100 % of them have "
         "come.\n"
         "The choice is that of muster serve for pods without a gang; --policy compares others in the same "
         "run:\n"
         "  muster     values what is left of nodes by the demand seen so far (the default)\n"
         "  first-fit  the first node with room\n"
         "  best-fit   the node with the least left over\n"
         "  fgd        the least growth of fragmentation (Weng et al., USENIX ATC 2023)\n"
         "  hami       HAMi's order: the fullest node, its emptiest GPU\n"
         "Equal arguments give equal figures; only times differ. Exit status: 0, or 2 for bad input.\n"
         "Example:\n"
         "  muster simulate --protocol fgd --nodes nodes.csv --pods pods.csv --policy muster --policy fgd";
}

int Simulate(const SimulateOptions& options, std::ostream& out, std::ostream& err) {
  const absl::StatusOr<std::string> text = SimulateFgd(options, err);
  if (!text.ok()) {
    err << "muster simulate: " << text.status().message() << "\n";
    return kBadInput;
  }
  out << *text;
  return 0;
}

}  // namespace muster::cli
