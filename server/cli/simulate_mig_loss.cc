// SPDX-License-Identifier: Apache-2.0
#include "server/cli/simulate_mig_loss.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "nlohmann/json.hpp"
#include "server/simulate/fgd_protocol.h"
#include "server/simulate/mig_loss_protocol.h"

namespace muster::cli {
namespace {

using simulate::MeanOf;
using simulate::MigLossResult;
using Json = nlohmann::ordered_json;

double Round(double part) { return std::round(part * 1e4) / 1e4; }

// HAMi's order and Muster's are what the bound is compared with; the others are as asked for.
std::vector<std::string> PoliciesOf(const SimulateOptions& options) {
  std::vector<std::string> policies = {"hami"};
  for (const std::string& policy : options.policies) {
    if (std::find(policies.begin(), policies.end(), policy) == policies.end() && policy != "muster") {
      policies.push_back(policy);
    }
  }
  policies.push_back("muster");
  return policies;
}

// How much of the way from HAMi's order, which is the first policy, to the bound.
double GapClosed(const MigLossResult& result, size_t policy) {
  const double hami = MeanOf(result.policies.front());
  const double gap = MeanOf(result.pooled) - hami;
  return gap > 0 ? (MeanOf(result.policies[policy]) - hami) / gap : 0;
}

std::string AsTable(const SimulateOptions& options, const std::vector<std::string>& policies,
                    const std::vector<MigLossResult>& results) {
  std::string text = absl::StrFormat(
      "Of the memory that pods ask for the part that they get, at load %g, mean of %d seeds; and how much "
      "of\n"
      "the gap from HAMi's order to a pool without geometry is closed\n\n%-10s",
      options.load, options.seeds, "POLICY");
  for (const MigLossResult& result : results) absl::StrAppendFormat(&text, "  %15s", result.mix);
  for (size_t p = 0; p < policies.size(); ++p) {
    absl::StrAppendFormat(&text, "\n%-10s", policies[p]);
    for (const MigLossResult& result : results) {
      absl::StrAppendFormat(&text, "  %6.4f (%4.0f %%)", MeanOf(result.policies[p]),
                            GapClosed(result, p) * 100 + 0.0);
    }
  }
  absl::StrAppendFormat(&text, "\n%-10s", "pooled");
  for (const MigLossResult& result : results) {
    absl::StrAppendFormat(&text, "  %6.4f ( 100 %%)", MeanOf(result.pooled));
  }
  return text + "\n";
}

Json SeedsJson(const std::vector<double>& seeds) {
  Json json = Json::array();
  for (const double acceptance : seeds) json.push_back(Round(acceptance));
  return json;
}

std::string AsJson(const SimulateOptions& options, const std::vector<std::string>& policies,
                   const std::vector<MigLossResult>& results) {
  Json json = {{"protocol", "mig-loss"}, {"load", options.load}, {"seeds", options.seeds}};
  json["mixes"] = Json::array();
  for (const MigLossResult& result : results) {
    Json mix = {{"mix", result.mix}};
    mix["hami"] = Round(MeanOf(result.policies.front()));
    mix["muster"] = Round(MeanOf(result.policies.back()));
    mix["pooled"] = Round(MeanOf(result.pooled));
    mix["gapClosed"] = Round(GapClosed(result, policies.size() - 1));
    mix["pooledPerSeed"] = SeedsJson(result.pooled);
    mix["policies"] = Json::array();
    for (size_t p = 0; p < policies.size(); ++p) {
      mix["policies"].push_back({{"policy", policies[p]},
                                 {"acceptance", Round(MeanOf(result.policies[p]))},
                                 {"gapClosed", Round(GapClosed(result, p))},
                                 {"perSeed", SeedsJson(result.policies[p])}});
    }
    json["mixes"].push_back(std::move(mix));
  }
  return json.dump(2) + "\n";
}

std::string AsCsv(const std::vector<std::string>& policies, const std::vector<MigLossResult>& results) {
  std::string text = "mix,policy,seed,acceptance\n";
  const auto add = [&text](const std::string& mix, const std::string& policy,
                           const std::vector<double>& seeds) {
    for (size_t s = 0; s < seeds.size(); ++s) {
      absl::StrAppendFormat(&text, "%s,%s,%d,%.4f\n", mix, policy, simulate::kFirstSeed + static_cast<int>(s),
                            seeds[s]);
    }
  };
  for (const MigLossResult& result : results) {
    for (size_t p = 0; p < policies.size(); ++p) add(result.mix, policies[p], result.policies[p]);
    add(result.mix, "pooled", result.pooled);
  }
  return text;
}

}  // namespace

absl::StatusOr<std::string> SimulateMigLoss(const SimulateOptions& options, std::ostream& err) {
  if (!options.nodes.empty() || !options.pods.empty()) {
    return absl::InvalidArgumentError("--protocol mig-loss takes no --nodes and no --pods");
  }
  simulate::MigLossOptions loss;
  loss.policies = PoliciesOf(options);
  loss.seeds = options.seeds;
  loss.load = options.load;
  loss.progress = [&err](int done, int all) { err << "run " << done << " of " << all << "\n" << std::flush; };
  const std::vector<MigLossResult> results = simulate::RunMigLoss(loss);
  if (options.format == SimulateFormat::kJson) return AsJson(options, loss.policies, results);
  return options.format == SimulateFormat::kCsv ? AsCsv(loss.policies, results)
                                                : AsTable(options, loss.policies, results);
}

}  // namespace muster::cli
