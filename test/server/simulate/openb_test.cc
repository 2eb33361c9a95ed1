// SPDX-License-Identifier: Apache-2.0
// The public trace, against what is published on it (Weng et al., USENIX ATC
// 2023: figures of its artifact, mean of 10 seeds). One seed here: they
// differ by less than 0.1, the claim by more than 0.3.
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "server/simulate/fgd_protocol.h"
#include "server/simulate/random.h"
#include "server/simulate/trace_csv.h"

namespace muster::simulate {
namespace {

constexpr size_t kAtAll = 3;  // of kMarks, 100 %
static_assert(kMarks[kAtAll] == 100);

replay::Trace TraceOf(const std::string& pods) {
  const absl::StatusOr<replay::Trace> trace =
      ReadTrace(absl::StrCat(MUSTER_OPENB, "/openb_node_list_gpu_node.csv"),
                absl::StrCat(MUSTER_OPENB, "/openb_pod_list_", pods, ".csv"));
  EXPECT_TRUE(trace.ok()) << trace.status();
  return trace.value_or(replay::Trace());
}

// Percent of the GPUs that are allocated when 100 % of them were asked for, by policy.
std::map<std::string, double> Allocated(const replay::Trace& trace, std::vector<std::string> policies,
                                        int seeds) {
  FgdOptions options;
  options.policies = std::move(policies);
  options.seeds = seeds;
  std::map<std::string, double> allocated;
  for (const FgdResult& result : RunFgd(trace, options)) {
    allocated[result.policy] = result.Mean(kAtAll).allocated * 100;
  }
  return allocated;
}

struct Published {
  std::string pods;
  double fgd;
};
void PrintTo(const Published& published, std::ostream* out) { *out << published.pods; }

class Openb : public testing::TestWithParam<Published> {};

TEST_P(Openb, MoreGpusAreAllocatedThanPublished) {
  const replay::Trace trace = TraceOf(GetParam().pods);
  EXPECT_EQ(trace.nodes.size(), 1213u);
  EXPECT_EQ(replay::Capacity(trace), 6212 * int64_t{kWholeGpu});
  EXPECT_GT(Allocated(trace, {"muster"}, 1)["muster"], GetParam().fgd + 0.2);
}

INSTANTIATE_TEST_SUITE_P(Trace, Openb,
                         testing::Values(Published{"default", 95.23}, Published{"cpu100", 95.21},
                                         Published{"gpushare40", 93.96}, Published{"gpuspec10", 94.66},
                                         Published{"multigpu20", 95.53}),
                         [](const auto& trace) { return trace.param.pods; });

// Traces of the same family that are not among the published files here.

TEST(OpenbVariant, WhereAThirdAsksForModelsTheseAreKeptForThem) {
  replay::Trace trace = TraceOf("gpuspec10");
  std::vector<Ask> choosy;
  for (const Ask& pod : trace.pods) {
    if (pod.where != replay::kAnyModel) choosy.push_back(pod);
  }
  Random random(1);
  for (Ask& pod : trace.pods) {
    const bool other = pod.gpus > 0 && pod.where == replay::kAnyModel;
    if (other && random.Unit() < 0.27) pod = choosy[random.Below(choosy.size())];
  }
  auto allocated = Allocated(trace, {"muster", "best-fit", "fgd"}, 1);
  EXPECT_GT(allocated["muster"], allocated["best-fit"] + 3);
  EXPECT_GT(allocated["muster"], allocated["fgd"] + 3);
}

TEST(OpenbVariant, WhereAllPodsShareGpusMoreAreAllocatedThanByOthers) {
  replay::Trace trace = TraceOf("gpushare40");
  std::erase_if(trace.pods, [](const Ask& pod) { return pod.milli == kWholeGpu; });
  auto allocated = Allocated(trace, {"muster", "best-fit", "fgd"}, 1);
  EXPECT_GT(allocated["muster"], allocated["best-fit"]);
  EXPECT_GT(allocated["muster"], allocated["fgd"]);
}

TEST(OpenbVariant, EqualSeedsGiveEqualFigures) {
  replay::Trace trace = TraceOf("multigpu20");
  trace.nodes.resize(100);
  trace.pods.resize(800);
  EXPECT_EQ(Allocated(trace, {"muster"}, 2), Allocated(trace, {"muster"}, 2));
}

}  // namespace
}  // namespace muster::simulate
