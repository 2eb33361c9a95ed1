// SPDX-License-Identifier: Apache-2.0
#include "scheduling/capacity/gang_choice.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "scheduling/capacity/mix.h"

namespace muster {
namespace {

// The most ways that are looked at: each costs a plan.
constexpr size_t kMostChoices = 16;

// What a gang is on as a whole: of nodes that nobody says anything of some may be spot.
const std::array<ClassSet, 4> kFamilies = {kKept, kUnknownOnly, kSpotOnly, kFlexOnly};

bool Leads(const Pod& pod) {
  static constexpr std::array<absl::string_view, 7> kRoles = {"driver", "launcher", "leader",     "master",
                                                              "head",   "chief",    "coordinator"};
  const std::string& role = pod.membership->role;
  return std::find(kRoles.begin(), kRoles.end(), role) != kRoles.end();
}

// Members that have one policy, and so one class.
struct Group {
  PolicyChoice policy;
  std::vector<size_t> members;
  std::vector<ClassSet> taken;  // of nodes where members are
  std::vector<ClassSet> tries = {};
  std::string why = {};
};

class Chooser {
 public:
  Chooser(const ClusterView& view, const Gang& gang, const std::vector<Seat>& kept,
          const CapacityOptions& options, bool weighs)
      : view_(view),
        gang_(gang),
        options_(options),
        weighs_(weighs),
        present_(PresentClasses(view, options.classes)) {
    for (const Seat& seat : kept) kept_[seat.uid] = &seat;
  }

  std::vector<GangChoice> Run(absl::Time now) {
    if (gang_.members.empty() || present_.IsWithin({CapacityClass::kUnknown})) return {};
    if (gang_.members.front()->capacity.mix.has_value()) return Mixed(now);
    MakeGroups();
    for (Group& group : groups_) FindTries(group);
    return Product();
  }

 private:
  std::vector<GangChoice> Mixed(absl::Time now) const {
    const CapacityMix& mix = *gang_.members.front()->capacity.mix;
    int64_t total = 0;
    for (const auto& member : gang_.members) total += MixWeight(mix, member->shape);
    const int64_t share = KeptShare(mix, total);
    GangChoice choice;
    int64_t kept = 0;
    for (const auto& member : gang_.members) {
      const int64_t weight = MixWeight(mix, member->shape);
      choice.members.push_back(kept < share ? kKept : kNotKept);
      if (kept < share) kept += weight;
    }
    choice.text = absl::StrFormat("%d of %d %s on demand, as muster.dev/capacity-mix asks", kept, total,
                                  mix.count_gpus ? "GPUs" : "members");
    std::vector<GangChoice> choices = {std::move(choice)};
    const bool falls_back = mix.fallback < absl::InfiniteDuration() && now - gang_.created >= mix.fallback;
    if (!mix.strict || falls_back) {
      choices.push_back({std::vector<ClassSet>(gang_.members.size(), ClassSet::All()),
                         "any capacity: there is no room for the mix that muster.dev/capacity-mix asks for"});
    }
    return choices;
  }

  void MakeGroups() {
    const std::vector<PolicyChoice> policies = PoliciesOf(view_, gang_, options_);
    for (size_t m = 0; m < gang_.members.size(); ++m) {
      const Pod& pod = *gang_.members[m];
      const PolicyChoice& policy = policies[m];
      auto at =
          std::find_if(groups_.begin(), groups_.end(), [&](const Group& g) { return g.policy == policy; });
      if (at == groups_.end()) at = groups_.insert(at, Group{.policy = policy, .members = {}, .taken = {}});
      at->members.push_back(m);
      if (const auto taken = FamilyWhere(pod)) at->taken.push_back(*taken);
    }
  }

  // The family of the node where the member is, or has its seat.
  std::optional<ClassSet> FamilyWhere(const Pod& pod) const {
    const auto seat = kept_.find(pod.uid);
    if (pod.finished() || (!pod.bound() && seat == kept_.end())) return std::nullopt;
    const NodeState* state = view_.FindNode(pod.bound() ? pod.node : seat->second->node);
    if (state == nullptr) return std::nullopt;
    const CapacityClass capacity = ClassOf(options_.classes, *state->node);
    return *std::find_if(kFamilies.begin(), kFamilies.end(), [&](ClassSet f) { return f.Has(capacity); });
  }

  void FindTries(Group& group) {
    const PolicyChoice& policy = group.policy;
    group.why = policy.because.empty() ? "" : absl::StrCat(" (", policy.because, ")");
    const bool said = !policy.derived && !policy.because.empty() && !OwnChoice(group);
    if (said && policy.policy == CapacityPolicy::kAny) {
      group.tries = {ClassSet::All()};
    } else if (policy.policy == CapacityPolicy::kSpot || policy.policy == CapacityPolicy::kOnDemand) {
      group.tries = Apart(ClassesFor(policy));
    } else {
      FindPreferences(group);
    }
    KeepTogether(group);
  }

  // Whether the pods' own node selectors decide, which kube-scheduler enforces.
  bool OwnChoice(const Group& group) const {
    const Pod& first = *gang_.members[group.members.front()];
    return first.capacity.chooses_itself && !first.capacity.policy.has_value();
  }

  void FindPreferences(Group& group) {
    bool spot_first = group.policy.policy == CapacityPolicy::kPreferSpot;
    if (weighs_ && group.policy.policy != CapacityPolicy::kPreferOnDemand) {
      if (const auto weighing = WeighGroup(group)) {
        spot_first = weighing->spot_is_cheaper();
        absl::StrAppend(&group.why, ": ", muster::Describe(*weighing));
      }
    }
    group.tries = spot_first ? std::vector<ClassSet>{kSpotOnly, kKept, kUnknownOnly, kFlexOnly}
                             : std::vector<ClassSet>{kKept, kUnknownOnly, kSpotOnly, kFlexOnly};
    std::erase_if(group.tries, [&](ClassSet family) { return !family.Overlaps(present_); });
  }

  // Where nodes that stay will do, as well as those that nobody knows of: one of these.
  std::vector<ClassSet> Apart(std::vector<ClassSet> tries) const {
    if (tries.front() != kStays) return tries;
    tries = {kKept};
    if (present_.Has(CapacityClass::kUnknown)) tries.push_back(kUnknownOnly);
    return tries;
  }

  // Where members are, the others follow: a gang of two classes has the risk of
  // the one and the price of the other.
  void KeepTogether(Group& group) const {
    if (group.taken.empty() || group.tries.size() < 2) return;
    const ClassSet first = group.taken.front();
    // Its members are where the others must not follow.
    if (group.policy.policy == CapacityPolicy::kOnDemand && !first.IsWithin(kStays)) return;
    const bool one =
        std::all_of(group.taken.begin(), group.taken.end(), [&](ClassSet f) { return f == first; });
    const ClassSet several = group.policy.policy == CapacityPolicy::kOnDemand ? kStays : ClassSet::All();
    group.tries = {one ? first : several};
    absl::StrAppend(&group.why,
                    one ? ": where its members are already" : ": its members are on several already");
  }

  // The price of the group on average nodes of the family; nullopt where no node
  // of it could hold a member. Adds the nodes that it takes.
  std::optional<double> RateOn(const Group& group, ClassSet family, double& nodes) const {
    struct Alike {
      const Resources* requests;
      int64_t members;
    };
    std::vector<Alike> kinds;  // in the order in which the members come
    for (const size_t m : group.members) {
      const Resources& requests = gang_.members[m]->shape.requests;
      const auto same = std::find_if(kinds.begin(), kinds.end(),
                                     [&](const Alike& kind) { return *kind.requests == requests; });
      if (same == kinds.end()) {
        kinds.push_back({&requests, 1});
      } else {
        ++same->members;
      }
    }
    double rate = 0;
    for (const Alike& kind : kinds) {
      double price = 0;
      int64_t able = 0;
      int64_t most = 1;
      view_.nodes().ForEach([&](const NodeName&, const NodeState& state) {
        if (state.node == nullptr || !Fits(*kind.requests, state.node->allocatable)) return;
        const CapacityClass capacity = ClassOf(options_.classes, *state.node);
        if (!family.Has(capacity)) return;
        ++able;
        price += options_.prices.OfShare(*state.node, capacity, *kind.requests);
        most = std::max(most, CountFitting(*kind.requests, state.node->allocatable, kind.members));
      });
      if (able == 0) return std::nullopt;
      rate += price / static_cast<double>(able) * static_cast<double>(kind.members);
      nodes += std::ceil(static_cast<double>(kind.members) / static_cast<double>(most));
    }
    return rate;
  }

  std::optional<Weighing> WeighGroup(const Group& group) const {
    double nodes = 0;
    double ignored = 0;
    const std::optional<double> spot = RateOn(group, kSpotOnly, nodes);
    std::optional<double> kept = RateOn(group, kKept, ignored);
    if (!kept.has_value()) kept = RateOn(group, kUnknownOnly, ignored);
    if (!spot.has_value() || !kept.has_value()) return std::nullopt;
    const CapacityWish& wish = gang_.members[group.members.front()]->capacity;
    const Risk& risk = options_.risk;
    return Weigh(*spot, *kept, static_cast<int64_t>(nodes), risk.reclaimed_per_day,
                 wish.run_time.value_or(risk.run_time),
                 wish.checkpoint_interval.value_or(risk.checkpoint_interval),
                 wish.restart_time.value_or(risk.restart_time));
  }

  std::vector<GangChoice> Product() const {
    std::vector<GangChoice> choices = {{std::vector<ClassSet>(gang_.members.size()), ""}};
    for (const Group& group : groups_) {
      std::vector<GangChoice> next;
      for (const GangChoice& before : choices) {
        for (const ClassSet classes : group.tries) {
          if (next.size() == kMostChoices) break;
          GangChoice& choice = next.emplace_back(before);
          for (const size_t m : group.members) choice.members[m] = classes;
          const std::string who =
              groups_.size() > 1 ? absl::StrFormat("%d members ", group.members.size()) : "";
          const std::string what = classes == ClassSet::All() ? "any" : muster::Describe(classes);
          absl::StrAppend(&choice.text, choice.text.empty() ? "" : "; ", who, what, group.why);
        }
      }
      choices = std::move(next);
    }
    return choices;
  }

  const ClusterView& view_;
  const Gang& gang_;
  const CapacityOptions& options_;
  const bool weighs_;
  const ClassSet present_;
  std::map<PodUid, const Seat*> kept_;
  std::vector<Group> groups_;
};

}  // namespace

Weighing Weigh(double spot_rate, double kept_rate, int64_t nodes, double reclaimed_per_day,
               absl::Duration run_time, absl::Duration checkpoint_interval, absl::Duration restart_time) {
  Weighing w{.spot_rate = spot_rate, .kept_rate = kept_rate, .nodes = nodes, .run_time = run_time};
  w.lost = checkpoint_interval / 2 + restart_time;
  const double per_hour = static_cast<double>(nodes) * reclaimed_per_day / 24;
  const double progress = 1 - per_hour * absl::ToDoubleHours(w.lost);
  w.spot_time = progress > 0 ? run_time / progress : absl::InfiniteDuration();
  w.reclaims = per_hour * absl::ToDoubleHours(w.spot_time);
  w.any = 1 - std::exp(-w.reclaims);
  w.spot_cost = spot_rate * absl::ToDoubleHours(w.spot_time);
  w.kept_cost = kept_rate * absl::ToDoubleHours(run_time);
  return w;
}

std::string Describe(const Weighing& w) {
  const std::string kept = absl::StrFormat("on demand %.2f/h for %s = %.2f", w.kept_rate,
                                           absl::FormatDuration(w.run_time), w.kept_cost);
  if (w.spot_time == absl::InfiniteDuration()) {
    return absl::StrFormat("%s; on spot it would never end, as %d nodes lose %s with each that is taken back",
                           kept, w.nodes, absl::FormatDuration(w.lost));
  }
  return absl::StrFormat(
      "spot %.2f/h for %s + %.2f losses of %s (%.0f%% that any of %d nodes is taken back) = %.2f; %s",
      w.spot_rate, absl::FormatDuration(w.run_time), w.reclaims, absl::FormatDuration(w.lost), w.any * 100,
      w.nodes, w.spot_cost, kept);
}

ClassSet PresentClasses(const ClusterView& view, const ClassOptions& options) {
  ClassSet present;
  view.nodes().ForEach([&](const NodeName&, const NodeState& state) {
    if (state.node != nullptr) present.Add(ClassOf(options, *state.node));
  });
  return present;
}

std::vector<PolicyChoice> PoliciesOf(const ClusterView& view, const Gang& gang,
                                     const CapacityOptions& options) {
  std::vector<PolicyChoice> policies;
  if (gang.members.empty()) return policies;
  const Labels labels = view.NamespaceLabels(std::string(gang.id.ns()));
  const bool leaders = gang.members.front()->capacity.leaders_on_demand.value_or(options.leaders_on_demand);
  for (const auto& member : gang.members) {
    policies.push_back(PolicyOf(*member, labels, options.policies, view.IsSparedAlone(*member)));
    if (leaders && !member->capacity.policy.has_value() && Leads(*member)) {
      policies.back() = {CapacityPolicy::kOnDemand, true, "it leads the gang"};
    }
  }
  return policies;
}

std::vector<GangChoice> ChoicesFor(const ClusterView& view, const Gang& gang, const std::vector<Seat>& kept,
                                   const CapacityOptions& options, absl::Time now, bool weighs) {
  return Chooser(view, gang, kept, options, weighs).Run(now);
}

}  // namespace muster
