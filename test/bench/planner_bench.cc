// SPDX-License-Identifier: Apache-2.0
// What planning costs: whole gangs on clusters of three levels, one thread.
// The floor is one look at every node, in the same run: whether the shape may
// be there, and how many fit.
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
ClusterView Cluster(int nodes) {
  ClusterView view;
  for (int i = 0; i < nodes; ++i) {
    Node node = test::NodeOf(absl::StrCat("node-", 100'000 + i), 8);
    node.labels["block"] = absl::StrCat("block-", i / kNodesPerRack / kRacksPerBlock);
    node.labels["rack"] = absl::StrCat("rack-", i / kNodesPerRack);
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
  int roles = 1;          // each of another shape, and in a subgroup of its own,
  bool subgroups = true;  // unless this is false
};

void AddMembers(const Work& work, ClusterView& view) {
  for (int m = 0; m < work.members; ++m) {
    Pod pod = test::MemberOf("gang", work.members, m, work.gpus);
    pod.membership->topology = work.demand;
    if (work.roles > 1) {
      const int role = m % work.roles;
      pod.shape.requests.cpu_millis += role * 100;
      SubgroupSpec spec;
      spec.name = absl::StrCat("role-", role);
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

void Measure(int nodes, const Work& work) {
  if (!absl::StrContains(work.what, wanted)) return;
  ClusterView view = Cluster(nodes);
  AddMembers(work, view);
  const Gang gang = declare::AssembleGang(view, GangId("default", "gang"));
  const Ledger ledger;
  const Declined declined;
  TopologyOptions options;
  options.levels = {{"block", "block"}, {"rack", "rack"}, {"host", std::string(kHostnameLabel)}};
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

}  // namespace
}  // namespace muster

// An argument is a part of the names of what is to be measured.
int main(int argc, char** argv) {
  using muster::Measure;
  if (argc > 1) muster::wanted = argv[1];
  for (const int nodes : {500, 1'000, 5'000, 15'000, 50'000})
    Measure(nodes, {"100 members of a node each, no wish", 100, 8});
  Measure(5'000, {"members of one GPU, no wish", 1'000, 1});
  Measure(5'000, {"members of a node each, no wish", 1'000, 8});
  Measure(5'000, {"one block required", 100, 8, muster::Required("block")});
  Measure(5'000, {"one rack required", 64, 1, muster::Required("rack")});
  Measure(5'000, {"slices of 64, 16 and 4", 1'024, 1, muster::Slices()});
  Measure(5'000, {"8 roles", 1'000, 1, {}, 8});
  Measure(5'000, {"refused: one rack required", 1'000, 1, muster::Required("rack")});
  Measure(5'000, {"refused: more than there are nodes", 6'000, 8});
  Measure(5'000, {"refused: 8 roles", 36'000, 1, {}, 8});
  Measure(5'000, {"refused: 4 shapes, one rack required", 120, 1, muster::Required("rack"), 4, false});
  Measure(50'000, {"refused: 4 shapes, one rack required", 120, 1, muster::Required("rack"), 4, false});
  Measure(50'000, {"members of a node each, no wish", 5'000, 8});
  return 0;
}
