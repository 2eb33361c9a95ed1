// SPDX-License-Identifier: Apache-2.0
// What planning costs: whole gangs on clusters of growing size, one thread.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include "scheduling/declare/assemble.h"
#include "scheduling/plan/planner.h"
#include "test/support/builders.h"

namespace muster {
namespace {

constexpr int kRounds = 21;

double MedianMillis(const std::function<void()>& run) {
  std::vector<double> millis;
  for (int i = 0; i < kRounds; ++i) {
    const auto began = std::chrono::steady_clock::now();
    run();
    millis.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - began).count());
  }
  std::nth_element(millis.begin(), millis.begin() + kRounds / 2, millis.end());
  return millis[kRounds / 2];
}

// Nodes of 8 GPUs, every third half used.
ClusterView Cluster(int nodes) {
  ClusterView view;
  for (int i = 0; i < nodes; ++i) {
    const std::string name = "node-" + std::to_string(100'000 + i);
    view.Upsert(test::NodeOf(name, 8));
    if (i % 3 == 0) view.Upsert(test::BoundTo(test::PodOf("busy-" + std::to_string(i), 4), name));
  }
  return view;
}

void Measure(int nodes, int members, int64_t gpus, const char* what) {
  ClusterView view = Cluster(nodes);
  test::AddGang(view, "gang", members, gpus);
  const Gang gang = declare::AssembleGang(view, GangId("default", "gang"));
  const Ledger ledger;
  const Declined declined;
  bool placed = false;
  const double millis = MedianMillis([&] {
    placed = std::holds_alternative<Seats>(PlanGang({view, ledger, gang, {}, declined, nullptr}));
  });
  std::printf("%-34s %6d nodes %6d members  %-7s  %8.2f ms  %6.0f ns per node\n", what, nodes, members,
              placed ? "placed" : "refused", millis, millis * 1e6 / nodes);
}

}  // namespace
}  // namespace muster

int main() {
  for (const int nodes : {500, 1'000, 5'000, 15'000, 50'000}) muster::Measure(nodes, 100, 8, "100 members of a node each");
  muster::Measure(5'000, 1'000, 8, "1,000 members of a node each");
  muster::Measure(5'000, 1'000, 1, "1,000 members of one GPU");
  muster::Measure(5'000, 4'000, 8, "refused, with all numbers");
  muster::Measure(50'000, 5'000, 8, "5,000 members of a node each");
  return 0;
}
