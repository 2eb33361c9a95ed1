// SPDX-License-Identifier: Apache-2.0
#include "scheduling/engine/expansion_demand.h"

#include <map>
#include <memory>
#include <optional>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "scheduling/declare/assemble.h"
#include "scheduling/engine/solo.h"
#include "scheduling/engine/solo_policy.h"

namespace muster {
namespace {

class Reader {
 public:
  Reader(const ClusterView& view, const Expansion& expansion, const CapacityOptions& options, absl::Time now)
      : view_(view), expansion_(expansion), options_(options), now_(now) {}

  ExpansionDemand Run() {
    AddOptions();
    present_ = PresentClasses(demand_.view, options_.classes);
    for (const PendingPod& asked : expansion_.pods) demand_.pods.push_back(Read(asked));
    for (size_t o = 0; o < expansion_.options.size(); ++o) ReadOffers(o);
    return std::move(demand_);
  }

 private:
  void AddOptions() {
    demand_.view = view_;
    for (size_t o = 0; o < expansion_.options.size(); ++o) {
      // No node can be called so.
      Node sample = expansion_.options[o].sample;
      sample.name = NodeName(absl::StrCat("option:", o));
      const NodeName name = sample.name;
      demand_.view.Upsert(std::move(sample));
      // As the view has it: overlays change its price.
      const Node& node = *demand_.view.FindNode(name)->node;
      const CapacityClass capacity = ClassOf(options_.classes, node);
      demand_.classes.push_back(capacity);
      demand_.prices.push_back(static_cast<double>(expansion_.options[o].nodes) *
                               options_.prices.OfNode(node, capacity));
    }
  }

  WantedPod Read(const PendingPod& asked) {
    WantedPod wanted;
    wanted.tries = {ClassSet::All()};
    const std::shared_ptr<const Pod> pod = view_.FindPod(asked.name);
    if (pod == nullptr || (!asked.uid.empty() && pod->uid != asked.uid)) return wanted;
    wanted.requests = pod->shape.requests;
    if (!InGang(view_, *pod)) {
      const MixCount mixed = pod->capacity.mix.has_value() ? MixOf(*pod) : MixCount();
      wanted.tries = SoloClassesOf(demand_.view, present_, *pod, mixed, options_, now_).tries;
      return wanted;
    }
    const GangId& id = view_.GangOf(*pod);
    const auto [at, is_new] = gangs_.try_emplace(id, demand_.gangs.size());
    if (is_new) AddGang(id);
    WantedGang& gang = demand_.gangs[at->second];
    wanted.gang = at->second;
    const auto member = members_[at->second].find(pod->uid);
    if (member == members_[at->second].end()) return wanted;
    wanted.member = member->second;
    gang.members.push_back(member->second);
    return wanted;
  }

  void AddGang(const GangId& id) {
    WantedGang wanted{declare::AssembleGang(view_, id), false, {}, {}};
    const GangCount count = Count(wanted.gang);
    wanted.complete = wanted.gang.problem.empty() && wanted.gang.waiting_for.empty() &&
                      count.satisfied + count.pending >= count.needed;
    auto& members = members_.emplace_back();
    for (size_t m = 0; m < wanted.gang.members.size(); ++m) members.emplace(wanted.gang.members[m]->uid, m);
    demand_.gangs.push_back(std::move(wanted));
  }

  MixCount MixOf(const Pod& pod) {
    const auto [at, is_new] = mixes_.try_emplace(WorkloadOf(pod));
    if (is_new) at->second = CountBound(view_, pod, options_.classes);
    return at->second;
  }

  void ReadOffers(size_t option) {
    for (const size_t p : expansion_.options[option].pods) {
      const WantedPod& pod = demand_.pods[p];
      if (pod.gang == kNone || pod.member == kNone) continue;
      auto& offers = demand_.gangs[pod.gang].offers;
      if (offers.empty() || offers.back().option != option) offers.push_back({option, {}});
      offers.back().members.push_back(pod.member);
    }
  }

  const ClusterView& view_;
  const Expansion& expansion_;
  const CapacityOptions& options_;
  const absl::Time now_;
  ExpansionDemand demand_;
  ClassSet present_;
  std::map<GangId, size_t> gangs_;
  std::vector<absl::flat_hash_map<PodUid, size_t>> members_;  // by gang
  std::map<WorkloadId, MixCount> mixes_;
};

}  // namespace

ExpansionDemand DemandOf(const ClusterView& view, const Expansion& expansion, const CapacityOptions& options,
                         absl::Time now) {
  return Reader(view, expansion, options, now).Run();
}

std::vector<GangChoice> WaysOf(const ExpansionDemand& demand, const WantedGang& wanted,
                               const CapacityOptions& options, absl::Time now, bool weighs) {
  std::vector<GangChoice> ways = ChoicesFor(demand.view, wanted.gang, {}, options, now, weighs);
  if (ways.empty()) ways.push_back({std::vector<ClassSet>(wanted.gang.members.size(), ClassSet::All()), ""});
  return ways;
}

}  // namespace muster
