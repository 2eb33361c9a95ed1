// SPDX-License-Identifier: Apache-2.0
// What planning costs: whole gangs on clusters of three levels or more, one thread.
// The floor is one look at every node, in the same run: whether the shape may
// be there, and how many fit. Where a stated bound is missed, that is printed and
// the exit status is 1: bounds are of processor time, so that it does not matter
// what else the machine does.
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "scheduling/declare/assemble.h"
#include "scheduling/plan/feasibility.h"
#include "scheduling/plan/planner.h"
#include "scheduling/topology/build_topologies.h"
#include "scheduling/topology/levels.h"
#include "test/support/builders.h"

namespace muster {
namespace {

constexpr int kRounds = 21;
constexpr int kNodesPerRack = 16;
constexpr int kRacksPerBlock = 16;

// In ms: 1,000 members on 5,000 nodes, 5,000 on 50,000, placed or refused.
constexpr double kMostOn5000 = 5;
constexpr double kMostOn50000 = 100;
// Of what is more than that, a refusal with all its numbers by the plan of almost
// the same gang that fits: a plan looks for room once, a refusal also in wider
// domains, where the gang comes closest, and in an empty cluster.
constexpr double kMostOfAPlan = 3;
// The cost per node on 50,000 nodes by that on the smaller clusters. What no
// longer fits the processor's caches may cost some more; growth by the square
// would be a factor of 10 and more.
constexpr double kMostGrowth = 3;

// Of this thread's processor time: what others do on the machine does not count.
double Millis() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

double MedianMillis(const std::function<void()>& run) {
  std::vector<double> millis;
  for (int i = 0; i < kRounds; ++i) {
    const double began = Millis();
    run();
    millis.push_back(Millis() - began);
  }
  std::nth_element(millis.begin(), millis.begin() + kRounds / 2, millis.end());
  return millis[kRounds / 2];
}

// Nodes of 8 GPUs in racks and blocks, every third half used.
ClusterView Cluster(int nodes, int levels) {
  ClusterView view;
  for (int i = 0; i < nodes; ++i) {
    Node node = test::NodeOf(absl::StrCat("node-", 100'000 + i), 8);
    node.labels["block"] = absl::StrCat("block-", i / kNodesPerRack / kRacksPerBlock);
    node.labels["rack"] = absl::StrCat("rack-", i / kNodesPerRack);
    // Levels around the block, of which each has two of the next.
    for (int level = 0; level < levels - 3; ++level) {
      node.labels[absl::StrCat("level-", level)] =
          absl::StrCat("domain-", i * (int64_t{1} << std::min(level, 8)) / nodes);
    }
    const std::string name = node.name.text();
    view.Upsert(std::move(node));
    if (i % 3 == 0) view.Upsert(test::BoundTo(test::PodOf(absl::StrCat("busy-", i), 4), name));
  }
  return view;
}

struct Work {
  const char* what;
  int members;
  int64_t gpus;
  TopologyDemand demand = {};
  int roles = 1;                              // each of another shape, and in a subgroup of its own,
  bool subgroups = true;                      // unless this is false
  std::function<PodTerms()> terms = nullptr;  // rules about each other
  int levels = 3;
  TopologyDemand of_subgroups = {};
};

void AddMembers(const Work& work, ClusterView& view) {
  for (int m = 0; m < work.members; ++m) {
    Pod pod = test::MemberOf("gang", work.members, m, work.gpus);
    pod.membership->topology = work.demand;
    pod.labels["app"] = "train";
    if (work.terms != nullptr) {
      PodTerms terms = work.terms();
      Identify("default", pod.labels, terms);
      pod.shape.terms = std::move(terms);
    }
    if (work.roles > 1) {
      const int role = m % work.roles;
      pod.shape.requests.cpu_millis += role * 100;
      SubgroupSpec spec;
      spec.name = absl::StrCat("role-", role);
      spec.topology = work.of_subgroups;
      if (work.subgroups) pod.membership->subgroups = {spec};
    }
    view.Upsert(pod);
  }
}

double FloorMillis(const ClusterView& view, const PodShape& shape) {
  int64_t sum = 0;
  const double millis = MedianMillis([&] {
    view.nodes().ForEach([&](const NodeName&, const NodeState& state) {
      if (Eligible(shape, *state.node)) sum += CountFitting(shape.requests, state.free, kMaxMembers);
    });
  });
  return sum < 0 ? 0 : millis;
}

std::string wanted;  // a part of the names of what is measured
int missed = 0;      // bounds

void Judge(bool holds, const char* what, const std::string& figures) {
  if (holds) return;
  ++missed;
  std::printf("MISSED: %s: %s\n", what, figures.c_str());
}

// Returns the median in ms; 0 of what is not wanted.
double Measure(int nodes, const Work& work, double at_most = 0) {
  if (!absl::StrContains(work.what, wanted)) return 0;
  ClusterView view = Cluster(nodes, work.levels);
  AddMembers(work, view);
  const Gang gang = declare::AssembleGang(view, GangId("default", "gang"));
  const Ledger ledger;
  const Declined declined;
  TopologyOptions options;
  for (int level = 0; level < work.levels - 3; ++level)
    options.levels.push_back({absl::StrCat("level-", level), absl::StrCat("level-", level)});
  options.levels.insert(options.levels.end(),
                        {{"block", "block"}, {"rack", "rack"}, {"host", std::string(kHostnameLabel)}});
  const Topologies topologies = BuildTopologies(view, options);
  bool placed = false;
  const double millis = MedianMillis([&] {
    placed =
        std::holds_alternative<Seats>(PlanGang({view, ledger, gang, {}, declined, nullptr, &topologies}));
  });
  const double floor = FloorMillis(view, gang.members[0]->shape);
  std::printf("%-44s %6d nodes %6d members  %-7s  %8.2f ms  %6.0f ns per node  %5.1f x floor\n", work.what,
              nodes, work.members, placed ? "placed" : "refused", millis, millis * 1e6 / nodes,
              millis / floor);
  if (at_most > 0) Judge(millis <= at_most, work.what, absl::StrCat(millis, " ms, at most ", at_most));
  return millis;
}

// A refusal costs no more than is stated, or than some times the plan of almost the
// same gang.
void MeasureRefusal(int nodes, const Work& refused, Work placed, double at_most) {
  const double plan = Measure(nodes, placed);
  const double refusal = Measure(nodes, refused);
  const double most = std::max(at_most, kMostOfAPlan * plan);
  Judge(refusal <= most, refused.what, absl::StrCat(refusal, " ms, at most ", most));
}

// The cost of the same work on clusters of many sizes grows no faster than these.
void MeasureGrowth(const Work& work) {
  double least_per_node = 0;
  double per_node = 0;
  for (const int nodes : {500, 1'000, 5'000, 15'000, 50'000}) {
    per_node = Measure(nodes, work) / nodes;
    // What a plan costs whatever the cluster would hide growth on small ones.
    if (nodes >= 5'000 && (least_per_node == 0 || per_node < least_per_node)) least_per_node = per_node;
  }
  if (least_per_node == 0) return;
  Judge(per_node <= kMostGrowth * least_per_node, work.what,
        absl::StrCat("per node on 50,000 nodes ", per_node / least_per_node, " times the least, at most ",
                     kMostGrowth));
}

TopologyDemand Required(const std::string& level) {
  TopologyDemand demand;
  demand.required = level;
  return demand;
}

TopologyDemand Slices() {
  TopologyDemand demand;
  demand.slices = {{"block", 64}, {"rack", 16}, {"host", 4}};
  return demand;
}

// Over zones of a level, and away from each other.
PodTerms Skewed(const std::string& key, int32_t skew) {
  PodTerms terms;
  terms.spread.push_back({key, skew, 1,
                          std::vector<LabelRequirement>{{"app", LabelRequirement::Op::kIn, {"train"}}}, true,
                          false});
  return terms;
}

PodTerms Apart() {
  PodTerms terms;
  terms.anti_affinity.push_back({std::string(kHostnameLabel),
                                 std::vector<LabelRequirement>{{"app", LabelRequirement::Op::kIn, {"train"}}},
                                 {"default"},
                                 std::nullopt});
  return terms;
}

void MeasureAll() {
  MeasureGrowth({"100 members of a node each, no wish", 100, 8});
  MeasureGrowth({"refused: 1,000 members, one rack required", 1'000, 1, Required("rack")});
  MeasureGrowth({"refused: 4 shapes, one rack required", 120, 1, Required("rack"), 4, false});
  MeasureGrowth(
      {"refused: 4 subgroups, one rack each", 4 * 120, 1, {}, 4, true, nullptr, 3, Required("rack")});
  const double of_one_shape = Measure(5'000, {"members of one GPU, no wish", 1'000, 1}, kMostOn5000);
  Measure(5'000, {"members of a node each, no wish", 1'000, 8}, kMostOn5000);
  Measure(5'000, {"one block required", 100, 8, Required("block")}, kMostOn5000);
  Measure(5'000, {"one rack required", 64, 1, Required("rack")}, kMostOn5000);
  Measure(5'000, {"slices of 64, 16 and 4", 1'024, 1, Slices()}, kMostOn5000);
  // Each shape is one more look at every node.
  Measure(5'000, {"8 roles", 1'000, 1, {}, 8}, 8 * of_one_shape);
  Measure(5'000, {"16 levels, one of them required", 1'000, 1, Required("level-2"), 1, true, nullptr, 16},
          2 * kMostOn5000);
  Measure(5'000, {"apart by host", 1'000, 1, {}, 1, true, Apart});
  Measure(5'000, {"skew 1 over blocks", 1'000, 1, {}, 1, true, [] { return Skewed("block", 1); }});
  Measure(5'000, {"skew 1 over racks", 1'000, 1, {}, 1, true, [] { return Skewed("rack", 1); }});
  Measure(5'000,
          {"skew 1 over blocks, many members", 6'000, 1, {}, 1, true, [] { return Skewed("block", 1); }});
  Measure(5'000, {"refused: one rack required", 1'000, 1, Required("rack")}, kMostOn5000);
  MeasureRefusal(5'000, {"refused: more than there are nodes", 6'000, 8},
                 {"as many as there are free nodes", 3'300, 8}, kMostOn5000);
  MeasureRefusal(5'000, {"refused: 8 roles", 36'000, 1, {}, 8}, {"8 roles, many members", 33'000, 1, {}, 8},
                 kMostOn5000);
  MeasureRefusal(5'000, {"refused: 4 shapes, one rack required", 120, 1, Required("rack"), 4, false},
                 {"4 shapes, one rack required", 96, 1, Required("rack"), 4, false}, kMostOn5000);
  MeasureRefusal(
      5'000, {"refused: 8 subgroups, one rack each", 8 * 120, 1, {}, 8, true, nullptr, 3, Required("rack")},
      {"8 subgroups, one rack each", 8 * 100, 1, {}, 8, true, nullptr, 3, Required("rack")}, kMostOn5000);
  MeasureRefusal(5'000, {"refused: slices of 64, 16 and 4", 36'032, 1, Slices()},
                 {"slices of 64, 16 and 4, many members", 28'800, 1, Slices()}, kMostOn5000);
  MeasureRefusal(5'000, {"refused: apart by host", 6'000, 1, {}, 1, true, Apart},
                 {"apart by host, many members", 5'000, 1, {}, 1, true, Apart}, kMostOn5000);
  MeasureRefusal(5'000,
                 {"refused: 16 levels, a rack required", 1'000, 1, Required("rack"), 1, true, nullptr, 16},
                 {"16 levels, a rack required", 100, 1, Required("rack"), 1, true, nullptr, 16}, kMostOn5000);
  Measure(50'000, {"members of a node each, no wish", 5'000, 8}, kMostOn50000);
  Measure(50'000, {"one block required", 100, 8, Required("block")}, kMostOn50000);
  Measure(50'000, {"slices of 64, 16 and 4", 5'120, 1, Slices()}, kMostOn50000);
  Measure(50'000, {"refused: one rack required", 5'000, 1, Required("rack")}, kMostOn50000);
  MeasureRefusal(50'000, {"refused: 4 shapes, one rack required", 120, 1, Required("rack"), 4, false},
                 {"4 shapes, one rack required", 96, 1, Required("rack"), 4, false}, kMostOn50000);
  Measure(50'000, {"refused: one block required", 5'000, 8, Required("block")}, kMostOn50000);
}

}  // namespace
}  // namespace muster

// An argument is a part of the names of what is to be measured.
int main(int argc, char** argv) {
  if (argc > 1) muster::wanted = argv[1];
  muster::MeasureAll();
  if (muster::missed > 0) std::printf("%d bounds missed\n", muster::missed);
  return muster::missed > 0 ? 1 : 0;
}
