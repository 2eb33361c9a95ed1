// SPDX-License-Identifier: Apache-2.0
#include "scheduling/engine/expansion.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "scheduling/engine/expansion_demand.h"
#include "scheduling/engine/expansion_order.h"
#include "scheduling/topology/well_known.h"

namespace muster {
namespace {

// Members of a gang that ask for the same, and have the same choice of classes.
struct Kinds {
  std::vector<size_t> of;     // by member; kNone: not to be bought for
  std::vector<size_t> sizes;  // how many are to be bought for
};

// An option that has all members of each kind that it has any of, and beside
// which the other kinds can be bought.
struct WholeOption {
  size_t option = 0;
  size_t way = 0;              // the first of the ways to choose classes with which that is so
  size_t lacks = 0;            // kinds
  bool in_one_domain = false;  // the whole gang can be in one
  OptionWorth worth = {};
};

Kinds KindsOf(const WantedGang& wanted, const std::vector<GangChoice>& ways) {
  Kinds kinds{std::vector<size_t>(wanted.gang.members.size(), kNone), {}};
  std::vector<size_t> firsts;  // a member of each kind
  const auto alike = [&](size_t a, size_t b) {
    const auto& members = wanted.gang.members;
    return members[a]->shape.requests == members[b]->shape.requests &&
           std::all_of(ways.begin(), ways.end(),
                       [&](const GangChoice& way) { return way.members[a] == way.members[b]; });
  };
  for (const size_t m : wanted.members) {
    const auto same =
        std::find_if(firsts.begin(), firsts.end(), [&](size_t first) { return alike(first, m); });
    kinds.of[m] = static_cast<size_t>(same - firsts.begin());
    if (same == firsts.end()) {
      firsts.push_back(m);
      kinds.sizes.push_back(0);
    }
    ++kinds.sizes[kinds.of[m]];
  }
  return kinds;
}

// Which kinds the option has all members of; empty if it has a part of one.
std::set<size_t> KindsIn(const Kinds& kinds, const GangOffer& offer, const GangChoice& way,
                         CapacityClass capacity) {
  std::vector<size_t> served(kinds.sizes.size());
  for (const size_t m : offer.members) {
    if (kinds.of[m] != kNone && way.members[m].Has(capacity)) ++served[kinds.of[m]];
  }
  std::set<size_t> whole;
  for (size_t k = 0; k < served.size(); ++k) {
    if (served[k] == 0) continue;
    if (served[k] < kinds.sizes[k]) return {};
    whole.insert(k);
  }
  return whole;
}

class Chooser {
 public:
  Chooser(const ClusterView& view, const Expansion& expansion, const CapacityOptions& capacity,
          const TopologyOptions& topology, const ExpanderOptions& options, absl::Time now)
      : view_(view),
        expansion_(expansion),
        capacity_(capacity),
        topology_(topology),
        now_(now),
        demand_(DemandOf(view, expansion, capacity, now)),
        order_(expansion, demand_.prices, capacity.prices, options) {}

  ExpanderChoice Run() {
    JudgeOthers();
    for (const size_t g : InQueueOrder()) {
      if (auto choice = ForGang(demand_.gangs[g])) return *std::move(choice);
    }
    return ForOthers();
  }

 private:
  // What each option is worth to pods without a gang: a pod counts where it
  // goes first of all that is on offer.
  void JudgeOthers() {
    const auto try_of = [&](size_t p, size_t o) {
      const auto& tries = demand_.pods[p].tries;
      const auto at = std::find_if(tries.begin(), tries.end(),
                                   [&](ClassSet classes) { return classes.Has(demand_.classes[o]); });
      return static_cast<size_t>(at - tries.begin());
    };
    std::vector<size_t> best;
    for (const WantedPod& pod : demand_.pods) best.push_back(pod.tries.size());
    for (size_t o = 0; o < expansion_.options.size(); ++o) {
      for (const size_t p : expansion_.options[o].pods) best[p] = std::min(best[p], try_of(p, o));
    }
    for (size_t o = 0; o < expansion_.options.size(); ++o) {
      OptionWorth& worth = others_.emplace_back();
      for (const size_t p : expansion_.options[o].pods) {
        const WantedPod& pod = demand_.pods[p];
        if (pod.gang == kNone && best[p] < pod.tries.size() && try_of(p, o) == best[p])
          Add(pod.requests, worth);
      }
    }
  }

  void Add(const Resources& requests, OptionWorth& worth) const {
    ++worth.pods;
    worth.value += capacity_.prices.ByRates(requests, CapacityClass::kOnDemand);
  }

  std::vector<size_t> InQueueOrder() const {
    const auto& gangs = demand_.gangs;
    std::vector<size_t> order(gangs.size());
    for (size_t g = 0; g < order.size(); ++g) order[g] = g;
    std::sort(order.begin(), order.end(),
              [&](size_t a, size_t b) { return PlannedBefore(gangs[a].gang, gangs[b].gang); });
    return order;
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

  // The domain in which all is that the option adds, if it suits the gang: of
  // the level of this key the one where its members are, or any. Empty: none.
  std::string DomainOf(const std::string& key, const Gang& gang, const ExpansionOption& option) const {
    if (key.empty()) return CloseDomain(option.sample);
    const auto domain = option.sample.labels.find(key);
    if (domain == option.sample.labels.end()) return "";
    const bool suits = std::all_of(gang.members.begin(), gang.members.end(), [&](const auto& member) {
      const NodeState* state =
          member->bound() && !member->finished() ? view_.FindNode(member->node) : nullptr;
      if (state == nullptr) return true;
      const auto own = state->node->labels.find(key);
      return own != state->node->labels.end() && own->second == domain->second;
    });
    return suits ? domain->second : "";
  }

  // A gang that asks for nothing is best off in one rack, placement group or the like.
  static std::string CloseDomain(const Node& sample) {
    for (const auto& [key, value] : sample.labels) {
      const absl::string_view name = NameOfKey(key);
      if (!name.empty() && name != "region" && name != "zone" && name != "host")
        return absl::StrCat(key, "=", value);
    }
    return "";
  }

  // Of each option that holds the gang whole the first way with which it does.
  std::vector<WholeOption> WholeOptions(const WantedGang& wanted, bool weighs) {
    const std::vector<GangChoice> ways = WaysOf(demand_, wanted, capacity_, now_, weighs);
    const Kinds kinds = KindsOf(wanted, ways);
    const std::string key = LevelKey(wanted.gang);
    std::vector<std::string> domains;
    for (const GangOffer& offer : wanted.offers)
      domains.push_back(DomainOf(key, wanted.gang, expansion_.options[offer.option]));
    std::vector<WholeOption> whole;
    std::set<size_t> known;  // options that are whole in an earlier way
    for (size_t way = 0; way < ways.size(); ++way) {
      std::vector<std::set<size_t>> has;
      std::set<size_t> any;
      std::map<std::string, std::set<size_t>> in_domain;
      for (size_t f = 0; f < wanted.offers.size(); ++f) {
        const GangOffer& offer = wanted.offers[f];
        has.push_back(KindsIn(kinds, offer, ways[way], demand_.classes[offer.option]));
        any.insert(has[f].begin(), has[f].end());
        in_domain[domains[f]].insert(has[f].begin(), has[f].end());
      }
      // What is bought for one kind stands idle if another can't be bought for.
      if (any.size() < kinds.sizes.size()) continue;
      for (size_t f = 0; f < wanted.offers.size(); ++f) {
        if (has[f].empty() || !known.insert(wanted.offers[f].option).second) continue;
        const bool one = !domains[f].empty() && in_domain[domains[f]].size() == kinds.sizes.size();
        whole.push_back({wanted.offers[f].option, way, kinds.sizes.size() - has[f].size(), one,
                         WorthOf(wanted, wanted.offers[f], ways[way])});
      }
    }
    return whole;
  }

  // To the gang, and to those who come with it.
  OptionWorth WorthOf(const WantedGang& wanted, const GangOffer& offer, const GangChoice& way) const {
    OptionWorth worth = others_[offer.option];
    for (const size_t m : offer.members) {
      if (way.members[m].Has(demand_.classes[offer.option]))
        Add(wanted.gang.members[m]->shape.requests, worth);
    }
    return worth;
  }

  std::optional<ExpanderChoice> ForGang(const WantedGang& wanted) {
    if (!wanted.complete || wanted.offers.empty()) return std::nullopt;
    if (WholeOptions(wanted, false).empty()) return std::nullopt;
    const std::vector<WholeOption> whole = WholeOptions(wanted, true);
    const auto rank = [&](const WholeOption& w) {
      return std::tuple(!w.in_one_domain, w.way, w.lacks, order_.Cost(w.option, w.worth));
    };
    return Best(whole, rank, absl::StrCat("gang ", wanted.gang.id.text(), " whole"));
  }

  ExpanderChoice ForOthers() const {
    std::vector<WholeOption> useful;
    for (size_t o = 0; o < others_.size(); ++o) {
      if (others_[o].pods > 0) useful.push_back({o});
    }
    if (useful.empty()) {
      const bool parts = std::any_of(demand_.gangs.begin(), demand_.gangs.end(),
                                     [](const WantedGang& gang) { return !gang.offers.empty(); });
      if (parts) return {{}, "every option would buy a part of a gang, and serves nobody else"};
      std::vector<size_t> all(others_.size());
      for (size_t o = 0; o < all.size(); ++o) all[o] = o;
      return {std::move(all), "no option serves a pod that may go there"};
    }
    const auto rank = [&](const WholeOption& w) { return order_.Cost(w.option, others_[w.option]); };
    return Best(useful, rank, "pods without a gang");
  }

  template <typename Rank>
  static ExpanderChoice Best(const std::vector<WholeOption>& among, const Rank& rank, std::string why) {
    ExpanderChoice choice{{}, std::move(why)};
    auto best = rank(among.front());
    for (const WholeOption& one : among) {
      const auto next = rank(one);
      if (next < best) {
        best = next;
        choice.options.clear();
      }
      if (!(best < next)) choice.options.push_back(one.option);
    }
    std::sort(choice.options.begin(), choice.options.end());
    return choice;
  }

  const ClusterView& view_;
  const Expansion& expansion_;
  const CapacityOptions& capacity_;
  const TopologyOptions& topology_;
  const absl::Time now_;
  const ExpansionDemand demand_;
  const ExpansionOrder order_;
  std::vector<OptionWorth> others_;  // by option, to pods without a gang
  std::optional<Topologies> topologies_;
};

}  // namespace

ExpanderChoice ChooseExpansion(const ClusterView& view, const Expansion& expansion,
                               const CapacityOptions& capacity, const TopologyOptions& topology,
                               const ExpanderOptions& options, absl::Time now) {
  if (expansion.options.empty()) return {{}, "there is no option"};
  return Chooser(view, expansion, capacity, topology, options, now).Run();
}

}  // namespace muster
