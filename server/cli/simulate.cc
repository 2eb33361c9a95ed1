// SPDX-License-Identifier: Apache-2.0
#include "server/cli/simulate.h"

#include <algorithm>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "scheduling/replay/mig_policy.h"
#include "scheduling/replay/policy.h"
#include "server/cli/plan.h"
#include "server/cli/simulate_fgd.h"
#include "server/cli/simulate_mig_loss.h"

namespace muster::cli {
namespace {

constexpr absl::string_view kMigLoss = "mig-loss";

absl::Status Check(const SimulateOptions& options) {
  constexpr int kMostSeeds = 1000;
  constexpr double kLeastLoad = 0.01;
  constexpr double kMostLoad = 10;
  if (options.seeds < 1 || options.seeds > kMostSeeds) {
    return absl::InvalidArgumentError(
        absl::StrCat("--seeds ", options.seeds, " is not from 1 to ", kMostSeeds));
  }
  if (!(options.load >= kLeastLoad && options.load <= kMostLoad)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--load ", options.load, " is not from ", kLeastLoad, " to ", kMostLoad));
  }
  const auto names = options.protocol == kMigLoss ? replay::MigPolicyNames() : replay::PolicyNames();
  for (const std::string& policy : options.policies) {
    if (std::find(names.begin(), names.end(), policy) != names.end()) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("--policy ", policy, " is none of ", absl::StrJoin(names, ", ")));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> Run(const SimulateOptions& options, std::ostream& err) {
  if (absl::Status status = Check(options); !status.ok()) return status;
  return options.protocol == kMigLoss ? SimulateMigLoss(options, err) : SimulateFgd(options, err);
}

}  // namespace

std::string SimulateHelp() {
  return R"(Protocol fgd replays a trace in the columns of Alibaba's cluster-trace-gpu-v2023: per seed the pods in
another order and then copies of them, until they ask for 130 % of the GPUs. They come one by one and none
leaves. What counts is how much of the GPUs is allocated when pods that ask for 100 % of them have come.

Protocol mig-loss needs no files: pods that ask for one MIG instance come to 100 GPUs (A100 80 GB, eight on
a node) as a Poisson process and stay for an exponential time; one that finds no start is lost. They ask for
--load times the memory there is, by four mixes of profiles: uniform, bimodal, big and small. What counts is
the part of the memory asked for that is got (acceptance). Always shown are HAMi's order, Muster, and the
same cluster as one pool of slices without geometry, which is the bound; "gap closed" is how much of the
way from HAMi to that bound a policy comes.

The choice is that of muster serve for pods without a gang; --policy compares others in the same run:
  muster     values what is left by the demand seen so far (the default)
  first-fit  the first node (mig-loss: GPU) with room
  best-fit   the node with the least left over (mig-loss: the fullest GPU)
  fgd        the least growth of fragmentation (Weng et al., USENIX ATC 2023)
  hami       HAMi's order: the fullest node, its emptiest GPU
  packed     mig-loss only: HAMi's starts on the fullest GPU of all nodes
Equal arguments give equal figures; only times differ. Exit status: 0, or 2 for bad input.
Examples:
  muster simulate --protocol fgd --nodes nodes.csv --pods pods.csv --policy muster --policy fgd
  muster simulate --protocol mig-loss
  muster simulate --protocol mig-loss --load 0.9 --seeds 3 --policy fgd --policy packed -o json)";
}

int Simulate(const SimulateOptions& options, std::ostream& out, std::ostream& err) {
  const absl::StatusOr<std::string> text = Run(options, err);
  if (!text.ok()) {
    err << "muster simulate: " << text.status().message() << "\n";
    return kBadInput;
  }
  out << *text;
  return 0;
}

}  // namespace muster::cli
