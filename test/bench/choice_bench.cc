// SPDX-License-Identifier: Apache-2.0
// What choosing the node for one pod costs, on clusters that are nearly full of
// pods of many kinds, with the bind of the pod before it to be taken in: median
// of many decisions, processor time of one thread. The floor is one look at every
// node, in the same run: whether the pod may be there, and whether it fits. Where a bound
// is missed, that is printed and the exit status is 1.
#include <time.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "scheduling/plan/feasibility.h"
#include "scheduling/plan/node_worth.h"
#include "scheduling/plan/solo_choice.h"
#include "test/support/builders.h"

namespace muster {
namespace {

constexpr int kDecisions = 301;

// In ms; the first is the size of the public trace.
struct Size {
  int nodes;
  double most;
};
constexpr Size kSizes[] = {{1'213, 0.3}, {5'000, 1}};

double Millis() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

class Random {
 public:
  int Pick(int low, int high) { return std::uniform_int_distribution(low, high)(engine_); }

 private:
  std::mt19937 engine_{1};
};

// One of some forty kinds of pods.
Pod RandomPod(const std::string& name, Random& random) {
  constexpr int kGpus[] = {1, 1, 1, 1, 2, 2, 4, 8};
  Pod pod = test::PodOf(name, kGpus[random.Pick(0, 7)]);
  pod.shape.requests.cpu_millis = pod.shape.requests.Get("nvidia.com/gpu") * 1000 * (1 << random.Pick(0, 3));
  if (random.Pick(0, 4) == 0) pod.shape.node_selector = {{"model", absl::StrCat("m", random.Pick(0, 3))}};
  return pod;
}

double Median(std::vector<double> millis) {
  std::nth_element(millis.begin(), millis.begin() + static_cast<std::ptrdiff_t>(millis.size() / 2),
                   millis.end());
  return millis[millis.size() / 2];
}

// Whether the bound holds.
bool Measure(const Size& size) {
  Random random;
  ClusterView view;
  NodeWorth worth;
  std::vector<std::string> names;
  for (int i = 0; i < size.nodes; ++i) {
    Node node = test::NodeOf(absl::StrCat("node-", 100'000 + i), 8);
    node.labels["model"] = absl::StrCat("m", i % 4);
    node.allocatable.cpu_millis = 96'000;
    names.push_back(node.name.text());
    view.Upsert(std::move(node));
    // Most nodes have little left.
    for (int left = 8 - random.Pick(0, 3), p = 0; left > 0; ++p) {
      Pod pod = RandomPod(absl::StrCat("busy-", i, "-", p), random);
      pod.shape.node_selector.clear();
      const auto gpus = static_cast<int>(pod.shape.requests.Get("nvidia.com/gpu"));
      if (gpus > left) continue;
      left -= gpus;
      worth.Asked(pod.shape);
      view.Upsert(test::BoundTo(std::move(pod), names.back()));
    }
  }
  const std::vector<absl::string_view> candidates(names.begin(), names.end());
  std::vector<double> decisions;
  std::vector<double> floors;
  int64_t fitting = 0;
  for (int d = 0; d < kDecisions; ++d) {
    Pod pod = RandomPod(absl::StrCat("new-", d), random);
    worth.Asked(pod.shape);
    const auto now = std::make_shared<const ClusterView>(view);
    const double began = Millis();
    const Node* node = ChooseForOne(pod.shape, now, Ledger(), candidates, {}, &worth);
    decisions.push_back(Millis() - began);
    const double looked = Millis();
    now->nodes().ForEach([&](const NodeName&, const NodeState& state) {
      if (Eligible(pod.shape, *state.node)) fitting += CountFitting(pod.shape.requests, state.free, 1);
    });
    floors.push_back(Millis() - looked);
    if (node != nullptr) view.Upsert(test::BoundTo(std::move(pod), std::string(node->name.text())));
  }
  const double median = Median(decisions);
  const double floor = Median(floors);
  std::sort(decisions.begin(), decisions.end());
  std::printf("one pod on %6d nodes  median %6.3f ms  p99 %6.3f ms  %5.1f x floor  (%lld)\n", size.nodes,
              median, decisions[decisions.size() * 99 / 100], median / floor,
              static_cast<long long>(fitting));
  if (median <= size.most) return true;
  std::printf("MISSED: one pod on %d nodes: %.3f ms, at most %.3f\n", size.nodes, median, size.most);
  return false;
}

}  // namespace
}  // namespace muster

int main() {
  bool holds = true;
  for (const muster::Size& size : muster::kSizes) holds &= muster::Measure(size);
  return holds ? 0 : 1;
}
