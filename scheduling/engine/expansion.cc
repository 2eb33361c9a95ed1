// SPDX-License-Identifier: Apache-2.0
#include "scheduling/engine/expansion.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "scheduling/capacity/policy.h"
#include "scheduling/declare/assemble.h"
#include "scheduling/engine/solo.h"
#include "scheduling/topology/well_known.h"

namespace muster {
namespace {

constexpr size_t kNoGang = static_cast<size_t>(-1);

// A gang of which some option has pods.
struct WantedGang {
  Gang gang;
  bool complete = false;                            // its minimum exists and may be placed
  std::vector<std::pair<Resources, size_t>> kinds;  // amounts, and how many pods are to be bought for
};

struct WantedPod {
  size_t gang = kNoGang;
  size_t kind = 0;  // index into WantedGang::kinds
  std::vector<ClassSet> tries;
  Resources requests;
};

// What one option is worth.
struct Worth {
  std::vector<size_t> served;  // by kind of the gang that is looked at
  int64_t pods = 0;            // without a gang
  double value = 0;            // of all that it serves, by the rates
  double price = 0;
  CapacityClass capacity = CapacityClass::kUnknown;
};

class Chooser {
 public:
  Chooser(const ClusterView& view, const Expansion& expansion, const CapacityOptions& capacity,
          const TopologyOptions& topology, ExpanderOrder order)
      : view_(view), expansion_(expansion), capacity_(capacity), topology_(topology), order_(order) {}

  ExpanderChoice Run() {
    ReadPods();
    for (const ExpansionOption& option : expansion_.options) worth_.push_back(Judge(option));
    for (const size_t g : InQueueOrder()) {
      if (auto choice = ForGang(g)) return *std::move(choice);
    }
    return ForOthers();
  }

 private:
  void ReadPods() {
    std::map<GangId, size_t> by_id;
    pods_.resize(expansion_.pods.size());
    std::map<std::string, Labels> namespaces;
    for (size_t p = 0; p < pods_.size(); ++p) {
      const PendingPod& asked = expansion_.pods[p];
      const std::shared_ptr<const Pod> pod = view_.FindPod(asked.name);
      if (pod == nullptr || (!asked.uid.empty() && pod->uid != asked.uid)) continue;
      WantedPod& wanted = pods_[p];
      wanted.requests = pod->shape.requests;
      const std::string ns(pod->name.ns());
      const auto labels = namespaces.try_emplace(ns);
      if (labels.second) labels.first->second = view_.NamespaceLabels(ns);
      wanted.tries = ClassesFor(PolicyOf(*pod, labels.first->second, capacity_.policies));
      if (!InGang(view_, *pod)) continue;
      const GangId& id = view_.GangOf(*pod);
      const auto [at, is_new] = by_id.try_emplace(id, gangs_.size());
      if (is_new) gangs_.push_back(Wanted(id));
      wanted.gang = at->second;
      auto& kinds = gangs_[wanted.gang].kinds;
      const auto kind = std::find_if(kinds.begin(), kinds.end(),
                                     [&](const auto& k) { return k.first == pod->shape.requests; });
      wanted.kind = static_cast<size_t>(kind - kinds.begin());
      if (kind == kinds.end()) {
        kinds.emplace_back(pod->shape.requests, 1);
      } else {
        ++kind->second;
      }
    }
  }

  WantedGang Wanted(const GangId& id) const {
    WantedGang wanted{declare::AssembleGang(view_, id), false, {}};
    const GangCount count = Count(wanted.gang);
    wanted.complete = wanted.gang.problem.empty() && wanted.gang.waiting_for.empty() &&
                      count.satisfied + count.pending >= count.needed;
    return wanted;
  }

  Worth Judge(const ExpansionOption& option) const {
    Worth worth;
    worth.capacity = ClassOf(capacity_.classes, option.sample);
    worth.price = static_cast<double>(option.nodes) * capacity_.prices.OfNode(option.sample, worth.capacity);
    for (const size_t p : option.pods) {
      if (!Allows(pods_[p], worth.capacity)) continue;
      worth.value += capacity_.prices.ByRates(pods_[p].requests, CapacityClass::kOnDemand);
      worth.pods += pods_[p].gang == kNoGang ? 1 : 0;
    }
    return worth;
  }

  // A pod that Muster does not know may go anywhere.
  static bool Allows(const WantedPod& pod, CapacityClass capacity) {
    return pod.tries.empty() || pod.tries.back().Has(capacity);
  }
  static bool Prefers(const WantedPod& pod, CapacityClass capacity) {
    return pod.tries.empty() || pod.tries.front().Has(capacity);
  }

  std::vector<size_t> InQueueOrder() const {
    std::vector<size_t> order(gangs_.size());
    for (size_t g = 0; g < order.size(); ++g) order[g] = g;
    std::sort(order.begin(), order.end(),
              [&](size_t a, size_t b) { return PlannedBefore(gangs_[a].gang, gangs_[b].gang); });
    return order;
  }

  // How many pods of each kind of the gang the option serves.
  std::vector<size_t> Served(size_t g, size_t option) const {
    std::vector<size_t> served(gangs_[g].kinds.size());
    for (const size_t p : expansion_.options[option].pods) {
      const WantedPod& pod = pods_[p];
      if (pod.gang == g && Allows(pod, worth_[option].capacity)) ++served[pod.kind];
    }
    return served;
  }

  // Whether the option has all pods of each kind of which it has some.
  bool IsWhole(size_t g, const std::vector<size_t>& served) const {
    bool any = false;
    for (size_t k = 0; k < served.size(); ++k) {
      if (served[k] == 0) continue;
      if (served[k] < gangs_[g].kinds[k].second) return false;
      any = true;
    }
    return any;
  }

  // The label of the level of which one domain holds the gang; "" if it asks for none.
  std::string LevelKey(const Gang& gang) {
    const TopologyDemand& demand = gang.topology;
    const std::string& level = demand.required.empty() ? demand.preferred : demand.required;
    if (level.empty()) return "";
    if (!topologies_.has_value()) topologies_ = BuildTopologies(view_, topology_);
    const auto found = FindLevel(*topologies_, demand.topology, level);
    return found.ok() ? (**found).key : level;
  }

  // Whether what the option adds is in one domain that suits the gang: the one
  // of the level where its members are, or any that is known.
  bool InOneDomain(const std::string& key, const Gang& gang, const ExpansionOption& option) const {
    if (key.empty()) return HasCloseDomain(option.sample);
    const auto domain = option.sample.labels.find(key);
    if (domain == option.sample.labels.end()) return false;
    return std::all_of(gang.members.begin(), gang.members.end(), [&](const auto& member) {
      const NodeState* state =
          member->bound() && !member->finished() ? view_.FindNode(member->node) : nullptr;
      if (state == nullptr) return true;
      const auto own = state->node->labels.find(key);
      return own != state->node->labels.end() && own->second == domain->second;
    });
  }

  // A gang that asks for nothing is best off in one rack, placement group or the like.
  static bool HasCloseDomain(const Node& sample) {
    return std::any_of(sample.labels.begin(), sample.labels.end(), [](const auto& label) {
      const absl::string_view name = NameOfKey(label.first);
      return !name.empty() && name != "region" && name != "zone" && name != "host";
    });
  }

  std::optional<ExpanderChoice> ForGang(size_t g) {
    const WantedGang& wanted = gangs_[g];
    if (!wanted.complete) return std::nullopt;
    std::vector<size_t> whole;
    std::set<size_t> kinds;
    for (size_t o = 0; o < worth_.size(); ++o) {
      const std::vector<size_t> served = Served(g, o);
      if (!IsWhole(g, served)) continue;
      whole.push_back(o);
      for (size_t k = 0; k < served.size(); ++k) {
        if (served[k] > 0) kinds.insert(k);
      }
    }
    // What is bought for one kind stands idle if another can't be bought for.
    if (kinds.size() < wanted.kinds.size()) return std::nullopt;
    const std::string key = LevelKey(wanted.gang);
    const auto rank = [&](size_t o) {
      const ExpansionOption& option = expansion_.options[o];
      const bool preferred = std::all_of(option.pods.begin(), option.pods.end(), [&](size_t p) {
        return pods_[p].gang != g || Prefers(pods_[p], worth_[o].capacity);
      });
      return std::tuple(!InOneDomain(key, wanted.gang, option), !preferred, Cost(o));
    };
    return Best(whole, rank, absl::StrCat("gang ", wanted.gang.id.text(), " whole"));
  }

  ExpanderChoice ForOthers() const {
    std::vector<size_t> useful;
    bool parts = false;
    for (size_t o = 0; o < worth_.size(); ++o) {
      if (worth_[o].pods > 0) useful.push_back(o);
      const auto& pods = expansion_.options[o].pods;
      parts =
          parts || std::any_of(pods.begin(), pods.end(), [&](size_t p) { return pods_[p].gang != kNoGang; });
    }
    if (useful.empty()) {
      if (parts) return {{}, "every option would buy a part of a gang, and serves nobody else"};
      std::vector<size_t> all(worth_.size());
      for (size_t o = 0; o < all.size(); ++o) all[o] = o;
      return {std::move(all), "no option serves a pod that may go there"};
    }
    const auto rank = [&](size_t o) { return Cost(o); };
    return Best(useful, rank, "pods without a gang");
  }

  // Less is better.
  double Cost(size_t o) const {
    const Worth& worth = worth_[o];
    switch (order_) {
      case ExpanderOrder::kLeastCost:
        return worth.value > 0 ? worth.price / worth.value : worth.price;
      case ExpanderOrder::kLeastWaste: {
        const double bought =
            static_cast<double>(expansion_.options[o].nodes) *
            capacity_.prices.ByRates(expansion_.options[o].sample.allocatable, CapacityClass::kOnDemand);
        return bought - worth.value;
      }
      case ExpanderOrder::kMostPods:
        return -static_cast<double>(expansion_.options[o].pods.size());
    }
    return 0;
  }

  template <typename Rank>
  ExpanderChoice Best(const std::vector<size_t>& options, const Rank& rank, std::string why) const {
    ExpanderChoice choice{{}, std::move(why)};
    auto best = rank(options.front());
    for (const size_t o : options) {
      const auto next = rank(o);
      if (next < best) {
        best = next;
        choice.options.clear();
      }
      if (!(best < next)) choice.options.push_back(o);
    }
    return choice;
  }

  const ClusterView& view_;
  const Expansion& expansion_;
  const CapacityOptions& capacity_;
  const TopologyOptions& topology_;
  const ExpanderOrder order_;
  std::vector<WantedGang> gangs_;
  std::vector<WantedPod> pods_;
  std::vector<Worth> worth_;
  std::optional<Topologies> topologies_;
};

}  // namespace

ExpanderChoice ChooseExpansion(const ClusterView& view, const Expansion& expansion,
                               const CapacityOptions& capacity, const TopologyOptions& topology,
                               ExpanderOrder order) {
  if (expansion.options.empty()) return {{}, "there is no option"};
  return Chooser(view, expansion, capacity, topology, order).Run();
}

}  // namespace muster
