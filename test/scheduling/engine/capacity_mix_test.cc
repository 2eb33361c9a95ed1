// SPDX-License-Identifier: Apache-2.0
// Mixes of workloads while pods come and go, through the engine's own verbs.
#include <deque>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "scheduling/capacity/mix.h"
#include "scheduling/engine/engine.h"
#include "test/support/builders.h"

namespace muster {
namespace {

constexpr int kBirths = 100'000;
constexpr size_t kMostPods = 24;

// A workload as the test counts it, by itself.
struct Workload {
  CapacityMix mix;
  std::string name;
  int64_t born = 0;
  std::deque<std::pair<PodName, bool>> pods;  // and whether it is on demand
  std::map<PodName, int64_t> gpus;

  MixCount Count() const {
    MixCount count;
    for (const auto& [pod, kept] : pods)
      (kept ? count.kept : count.other) += mix.count_gpus ? gpus.at(pod) : 1;
    return count;
  }
};

class Mixes {
 public:
  Mixes() : engine_(EngineOptions()) {
    for (const auto& [name, capacity] : {std::pair("od", CapacityClass::kOnDemand),
                                         {"od2", CapacityClass::kReserved},
                                         {"spot", CapacityClass::kSpot},
                                         {"who", CapacityClass::kUnknown}}) {
      Node node = test::NodeOf(name, 1000);
      node.capacity = capacity;
      node.allocatable = test::Amounts(4000, 1000);
      node.allocatable.pods = 1000;
      view_.Upsert(node);
    }
    engine_.Observe(test::Published(view_));
  }

  // The node that one more pod of the workload gets, and is bound to.
  NodeName Birth(Workload& workload, int64_t gpus) {
    Pod pod = test::PodOf(absl::StrCat(workload.name, "-", workload.born++), gpus);
    pod.owner = {"Deployment", workload.name};
    pod.capacity.mix = workload.mix;
    pod.created = now_;
    // kube-scheduler may be faster than the watch.
    if (workload.born % 3 != 0) Show(pod);
    const std::vector<absl::string_view> candidates = {"od", "od2", "spot", "who"};
    const auto answer = engine_.Filter({pod, candidates}, now_);
    const auto& final = std::get<FilterAnswer>(answer);
    NodeName node;
    if (const auto* one = std::get_if<PassOne>(&final)) node = one->node;
    if (const auto* all = std::get_if<PassAll>(&final)) {
      for (const absl::string_view name : candidates) {
        if (std::find(all->except.begin(), all->except.end(), name) == all->except.end()) {
          node = NodeName(std::string(name));
        }
      }
    }
    if (node.empty()) return node;
    const auto admission = engine_.AdmitBind({pod.name, pod.uid, node}, now_);
    EXPECT_EQ(admission.kind, Engine::Admission::Kind::kSolo) << admission.refusal;
    engine_.BindingStarted(admission.seat);
    // What is bound is seen now, or with the next pods.
    bound_.push_back(test::BoundTo(pod, node.text()));
    if (workload.born % 4 != 0) ShowBound();
    workload.gpus[pod.name] = gpus;
    workload.pods.emplace_back(pod.name, node.text() == "od" || node.text() == "od2");
    return node;
  }

  void Death(Workload& workload, size_t which) {
    ShowBound();
    const PodName name = workload.pods[which].first;
    workload.pods.erase(workload.pods.begin() + static_cast<std::ptrdiff_t>(which));
    view_.RemovePod(name);
    engine_.Observe(test::Published(view_));
    engine_.Expire(now_);
  }

 private:
  void Show(const Pod& pod) {
    view_.Upsert(pod);
    engine_.Observe(test::Published(view_));
  }
  void ShowBound() {
    for (Pod& pod : bound_) {
      engine_.BindingDone(pod.uid);
      view_.Upsert(std::move(pod));
    }
    bound_.clear();
    engine_.Observe(test::Published(view_));
  }

  Engine engine_;
  ClusterView view_;
  std::vector<Pod> bound_;
  absl::Time now_ = test::At(absl::ZeroDuration());
};

TEST(CapacityMix, HoldsThroughAHundredThousandBirthsAndDeaths) {
  std::mt19937 random(20260817);
  const auto below = [&](size_t limit) { return static_cast<size_t>(random() % limit); };
  Mixes cluster;
  std::vector<Workload> workloads;
  for (const auto& [base, percent, gpus] : std::vector<std::tuple<int64_t, int64_t, bool>>{
           {3, 50, false}, {0, 0, false}, {0, 100, false}, {1, 33, false}, {8, 25, true}, {0, 50, true}}) {
    Workload& w = workloads.emplace_back();
    w.mix.base = base;
    w.mix.percent_above = percent;
    w.mix.count_gpus = gpus;
    w.name = absl::StrCat("w", workloads.size());
  }
  for (int step = 0; step < 2 * kBirths; ++step) {
    Workload& w = workloads[below(workloads.size())];
    if (!w.pods.empty() && (w.pods.size() == kMostPods || below(2) == 0)) {
      cluster.Death(w, below(w.pods.size()));
      continue;
    }
    const MixCount before = w.Count();
    const int64_t gpus = w.mix.count_gpus ? static_cast<int64_t>(1 + below(4)) : 0;
    const int64_t weight = w.mix.count_gpus ? gpus : 1;
    const int64_t share = KeptShare(w.mix, before.kept + before.other + weight);
    const NodeName node = cluster.Birth(w, gpus);
    ASSERT_FALSE(node.empty()) << "step " << step << " workload " << w.name;
    // One that is missing on demand goes there, and no other does.
    ASSERT_EQ(w.pods.back().second, before.kept < share)
        << "step " << step << " workload " << w.name << ": " << before.kept << " of "
        << before.kept + before.other << " are on demand, of the next total " << share
        << " are to be; it went to " << node.text();
  }
}

}  // namespace
}  // namespace muster
