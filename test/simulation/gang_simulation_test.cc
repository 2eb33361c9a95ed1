// SPDX-License-Identifier: Apache-2.0
// Whole lives of gangs under faults, in virtual time: the real Decisions with a
// simulated API server and kube-scheduler. Every failure names its seed.
#include <array>
#include <map>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "test/simulation/world.h"
#include "test/support/builders.h"

namespace muster::test {
namespace {

struct Setting {
  std::string name;
  Faults faults = {};
  bool restarts = false;   // of Muster and kube-scheduler, in the middle
  bool deletions = false;  // of pods, which come back under the same name
  bool node_comes_late = false;
  bool slow_volumes = false;  // one member of each gang comes to be bound late
  bool cordon = false;        // all nodes, as soon as a gang is bound in part
  // The longest that a gang may be bound in part: a commit takes no longer.
  absl::Duration partial_at_most = absl::Seconds(2);
};
void PrintTo(const Setting& setting, std::ostream* out) { *out << setting.name; }

constexpr std::array<std::pair<const char*, int64_t>, 3> kGangs = {{{"red", 6}, {"blue", 4}, {"green", 3}}};

// One cluster of 4 nodes x 4 GPUs, three gangs and some single pods.
class Simulation {
 public:
  Simulation(uint32_t seed, const Setting& setting)
      : seed_(seed), setting_(setting), timeline_(seed), api_(timeline_, setting.faults) {
    StartMuster();
    scheduler_ = std::make_unique<SimulatedScheduler>(timeline_, api_, *muster_);
    api_.Watch([this](std::shared_ptr<const ClusterView> view) { muster_->Observe(std::move(view)); });
  }

  void Run() {
    for (int i = 0; i < 4; ++i)
      api_.Change([&](ClusterView& v) { v.Upsert(NodeOf(absl::StrCat("node-0", i), 4)); });
    CreateWork();
    scheduler_->Start();
    Tick();
    Watchdog();
    if (setting_.node_comes_late) {
      timeline_.After(absl::Seconds(20),
                      [this] { api_.Change([](ClusterView& v) { v.Upsert(NodeOf("late", 8)); }); });
    }
    if (setting_.slow_volumes) {
      for (const char* pod : {"red-5", "blue-0", "green-1"}) {
        scheduler_->SlowDown(PodName("default", pod), absl::Seconds(timeline_.Pick(5, 25)));
      }
    }
    for (int i = 0; i < 3; ++i) {
      timeline_.After(absl::Milliseconds(timeline_.Pick(10, 20'000)), [this] { Disturb(); });
    }
    timeline_.RunUntil(timeline_.Now() + absl::Minutes(8));
    CheckSettled();
  }

 private:
  void StartMuster() {
    DecisionsOptions options;
    options.engine.gang_deadline = absl::Seconds(30);
    options.epoch = absl::StrCat(epoch_++);
    if (muster_ != nullptr) retired_.push_back(std::move(muster_));
    muster_ = std::make_unique<Decisions>(
        options, timeline_, api_, [] { return true; }, nullptr);
    muster_->Observe(std::make_shared<const ClusterView>(api_.truth()));
    if (scheduler_ != nullptr) scheduler_->Reconnect(*muster_);
  }

  void CreateWork() {
    const auto create = [&](const Pod& pod) {
      timeline_.After(absl::Milliseconds(timeline_.Pick(0, 3'000)),
                      [this, pod] { api_.Change([&](ClusterView& v) { v.Upsert(pod); }); });
    };
    for (const auto& [name, size, gpus] :
         {std::tuple{"red", 6, 1}, std::tuple{"blue", 4, 2}, std::tuple{"green", 3, 4}}) {
      for (int64_t i = 0; i < size; ++i) create(MemberOf(name, size, i, gpus));
    }
    for (int i = 0; i < 3; ++i) create(PodOf(absl::StrCat("single-", i), 1));
    for (int i = 0; i < 3; ++i) create(PodOf(absl::StrCat("plain-", i), 0));
  }

  void Tick() {
    muster_->Tick();
    timeline_.After(absl::Milliseconds(100), [this] { Tick(); });
  }

  void Disturb() {
    if (setting_.restarts && timeline_.Chance(50)) {
      // The callers' connections die with the process.
      scheduler_->Restart();
      StartMuster();
    } else if (setting_.restarts) {
      scheduler_->Restart();
    }
    if (setting_.deletions) {
      const PodName name("default", absl::StrCat("red-", timeline_.Pick(0, 5)));
      if (const auto pod = api_.truth().FindPod(name)) {
        Pod next = *pod;
        next.uid = PodUid(absl::StrCat(pod->uid.text(), "'"));
        next.node = next.nominated = NodeName();
        api_.Change([&](ClusterView& v) {
          v.RemovePod(name);
          v.Upsert(next);
        });
      }
    }
  }

  int64_t Bound(const char* gang) {
    int64_t bound = 0;
    const auto* members = api_.truth().FindMembers(GangId("default", gang));
    if (members != nullptr)
      members->ForEach([&](const PodName&, const auto& pod) { bound += pod->bound() ? 1 : 0; });
    return bound;
  }

  void WatchPartial(const char* gang, int64_t size) {
    const int64_t bound = Bound(gang);
    if (bound == 0 || bound == size) {
      partial_since_.erase(gang);
      return;
    }
    if (setting_.cordon && !cordoned_) {
      cordoned_ = true;
      api_.Change([](ClusterView& v) {
        for (int i = 0; i < 4; ++i) {
          Node node = *v.FindNode(NodeName(absl::StrCat("node-0", i)))->node;
          node.unschedulable = true;
          v.Upsert(node);
        }
      });
    }
    const absl::Time since = partial_since_.try_emplace(gang, timeline_.Now()).first->second;
    ASSERT_LE(timeline_.Now() - since, setting_.partial_at_most)
        << "seed " << seed_ << ": gang " << gang << " stays at " << bound << " of " << size << " bound";
  }

  // At every moment: no node over capacity, no gang bound in part for long.
  void Watchdog() {
    api_.truth().nodes().ForEach([&](const NodeName& name, const NodeState& state) {
      if (state.node == nullptr) return;
      Resources used = state.node->allocatable;
      used -= state.free;
      ASSERT_TRUE(Shortages(used, state.node->allocatable).empty())
          << "seed " << seed_ << ": node " << name.text() << " over capacity at " << timeline_.Now();
    });
    for (const auto& [gang, size] : kGangs) WatchPartial(gang, size);
    timeline_.After(absl::Milliseconds(5), [this] { Watchdog(); });
  }

  void CheckSettled() {
    int64_t whole = 0;
    for (const auto& [gang, size] : kGangs) {
      const int64_t bound = Bound(gang);
      api_.truth().FindMembers(GangId("default", gang))->ForEach([&](const PodName&, const auto& pod) {
        EXPECT_TRUE(pod->bound() || pod->nominated.empty())
            << "seed " << seed_ << ": nomination of " << pod->name.text() << " is left behind";
      });
      EXPECT_TRUE(bound == 0 || bound == size)
          << "seed " << seed_ << ": gang " << gang << " has " << bound << " of " << size << " bound";
      whole += bound == size ? 1 : 0;
    }
    // 16 GPUs (24 with the late node), 3 for single pods: one gang fits always.
    const int expected = setting_.node_comes_late ? 2 : 1;
    EXPECT_GE(whole, setting_.cordon && cordoned_ ? 0 : expected) << "seed " << seed_;
    EXPECT_EQ(muster_->Count().held, 0) << "seed " << seed_;
    EXPECT_EQ(muster_->Count().promises, 0) << "seed " << seed_;
  }

  const uint32_t seed_;
  const Setting setting_;
  Timeline timeline_;
  SimulatedApi api_;
  int epoch_ = 1;
  bool cordoned_ = false;
  std::map<std::string, absl::Time> partial_since_;
  std::unique_ptr<Decisions> muster_;
  // Replies to calls of a former process still arrive; they must do no harm.
  std::vector<std::unique_ptr<Decisions>> retired_;
  std::unique_ptr<SimulatedScheduler> scheduler_;
};

// One thread has no races: under ThreadSanitizer it is only slow.
#if defined(__SANITIZE_THREAD__)
constexpr uint32_t kSeeds = 3;
#elif defined(__SANITIZE_ADDRESS__)
constexpr uint32_t kSeeds = 10;
#else
constexpr uint32_t kSeeds = 30;
#endif

class GangSimulation : public testing::TestWithParam<Setting> {};

TEST_P(GangSimulation, NoHalfGangNoNodeOverCapacityNothingLeftBehind) {
  for (uint32_t seed = 1; seed <= kSeeds; ++seed) {
    Simulation(seed, GetParam()).Run();
    if (HasFailure()) break;
  }
}

// Undoing begins 30 s after a commit stalls, the deadline of these gangs, and
// takes the eviction's retries.
constexpr absl::Duration kUndone = absl::Seconds(60);

INSTANTIATE_TEST_SUITE_P(
    Faults, GangSimulation,
    testing::Values(
        Setting{.name = "QuietDay"}, Setting{.name = "LateNode", .node_comes_late = true},
        Setting{.name = "SlowVolumes", .slow_volumes = true},
        Setting{.name = "LossyNetwork",
                .faults = {.lost_requests = 10, .lost_replies = 10},
                .partial_at_most = absl::Seconds(5)},
        Setting{.name = "MoodyAdmission",
                .faults = {.refusals = 20},
                .node_comes_late = true,
                .partial_at_most = absl::Seconds(10)},
        Setting{.name = "Restarts", .restarts = true, .slow_volumes = true, .partial_at_most = kUndone},
        Setting{.name = "DeletedPods", .deletions = true, .partial_at_most = kUndone},
        Setting{.name = "NodesCordonedDuringTheCommit",
                .faults = {.lost_requests = 40},
                .cordon = true,
                .partial_at_most = kUndone},
        Setting{.name = "Everything",
                .faults = {.lost_requests = 5, .lost_replies = 5, .refusals = 5},
                .restarts = true,
                .deletions = true,
                .node_comes_late = true,
                .slow_volumes = true,
                .partial_at_most = kUndone}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace muster::test
