// SPDX-License-Identifier: Apache-2.0
// ProvisioningRequests for gangs that do not fit.
#include <algorithm>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "scheduling/capacity/scale_up_candidates.h"
#include "scheduling/engine/engine.h"
#include "scheduling/topology/levels.h"

namespace muster {
namespace {

// Of the API: spec.podSets.
constexpr size_t kMostPodSets = 32;
// The domains that are tried by name: each costs a request.
constexpr size_t kMostPins = 2;

// Requirements on the labels of every level from the outermost to this domain.
std::vector<LabelRequirement> PinOf(const DomainTree& tree, DomainId domain) {
  std::vector<LabelRequirement> pin;
  for (; domain != kRootDomain; domain = tree.domain(domain).parent) {
    const Domain& d = tree.domain(domain);
    const Level& level = tree.levels()[static_cast<size_t>(d.level)];
    if (!level.key.empty()) pin.push_back({level.key, LabelRequirement::Op::kIn, {d.name}});
  }
  std::reverse(pin.begin(), pin.end());
  return pin;
}

void Require(const std::vector<LabelRequirement>& pin, std::vector<NodeSelectorTerm>& terms) {
  if (pin.empty()) return;
  if (terms.empty()) terms.emplace_back();
  for (NodeSelectorTerm& term : terms) term.labels.insert(term.labels.end(), pin.begin(), pin.end());
}

bool IsOfOthers(const std::string& request) {
  return !request.empty() && !absl::StartsWith(request, "muster-");
}

// Members that are gated need not say it before they are let go.
void Consume(const Gang& gang, const std::string& request, bool has_seats, ScaleUpOrders& orders) {
  for (const auto& member : gang.members) {
    const bool says = member->pending() && (has_seats || !member->has_own_gate());
    if (says && member->consumes != request) orders.consume.push_back({member->name, member->uid, request});
  }
}

}  // namespace

std::vector<Engine::Pin> Engine::PinsOf(const Gang& gang, const GangState& state) const {
  const std::string& wanted = gang.topology.required;
  if (wanted.empty() || trees_.topologies == nullptr) return {};
  const auto ref = FindLevel(*trees_.topologies, gang.topology.topology, wanted);
  if (!ref.ok() || (**ref).key.empty() || (**ref).key == kHostnameLabel) return {};
  const DomainTree& tree = ref->topology->tree;
  std::vector<DomainId> domains;
  std::string best;
  if (state.refusal.has_value()) {
    for (const LevelFit& fit : state.refusal->levels) {
      if (fit.level == (**ref).name) best = fit.best;
    }
  }
  for (DomainId d = tree.FirstOf(ref->level); d < tree.EndOf(ref->level); ++d) domains.push_back(d);
  std::stable_sort(domains.begin(), domains.end(), [&](DomainId a, DomainId b) {
    return (tree.PathOf(a) == best) > (tree.PathOf(b) == best);
  });
  if (domains.size() > kMostPins) domains.resize(kMostPins);
  std::vector<Pin> pins;
  for (const DomainId d : domains)
    pins.push_back({PinOf(tree, d), absl::StrCat(" in ", (**ref).name, " ", tree.PathOf(d))});
  return pins;
}

void Engine::FindCandidates(const Gang& gang, GangState& state, absl::Time now) const {
  state.candidates.clear();
  state.candidate_texts.clear();
  std::vector<Pin> pins = PinsOf(gang, state);
  const bool settled = std::any_of(gang.members.begin(), gang.members.end(),
                                   [](const auto& member) { return member->bound() && !member->finished(); });
  // Where members run, the others follow; else the nodes of any group of nodes may do.
  if (pins.empty() || !settled) pins.push_back({});
  for (ScaleUpCandidate& way : ScaleUpCandidates(*view_, gang, options_.capacity, now)) {
    for (const Pin& pin : pins) {
      state.candidates.push_back({way, pin.requirements});
      state.candidate_texts.push_back(absl::StrCat(way.text, pin.text));
    }
  }
}

ProvisioningOrder Engine::OrderFor(const Gang& gang, const GangState& state) const {
  const size_t index = CandidateOf(state.course.attempt, state.candidates.size());
  const Asking& asking = state.candidates[index];
  ProvisioningOrder order{.name = RequestName(gang.id, state.course.attempt),
                          .gang = gang.id,
                          .attempt = state.course.attempt,
                          .what = state.candidate_texts[index],
                          .sets = {}};
  const GangCount count = Count(gang);
  // Members of subgroups are asked for with all others: each has a minimum.
  int64_t left = gang.subgroups.empty() ? count.needed - count.satisfied : count.pending;
  std::vector<std::pair<const Pod*, ClassSet>> kinds;
  for (size_t m = 0; m < gang.members.size() && left > 0; ++m) {
    const Pod& pod = *gang.members[m];
    if (!pod.pending()) continue;
    --left;
    const ClassSet classes = m < asking.way.members.size() ? asking.way.members[m] : ClassSet::All();
    const auto same = std::find_if(kinds.begin(), kinds.end(), [&](const auto& kind) {
      return kind.second == classes && kind.first->shape == pod.shape;
    });
    if (same != kinds.end()) {
      ++order.sets[static_cast<size_t>(same - kinds.begin())].count;
      continue;
    }
    kinds.emplace_back(&pod, classes);
    std::vector<NodeSelectorTerm> terms = TermsOf(classes, options_.capacity.classes);
    Require(asking.pin, terms);
    const auto& own = pod.shape.required_affinity;
    if (!terms.empty() && own.has_value()) terms = Narrowed(*own, terms);
    order.sets.push_back({pod.name, 1, std::move(terms)});
  }
  return order;
}

std::shared_ptr<const ProvisioningRequest> Engine::RequestOf(const GangId& gang, int64_t attempt) const {
  const auto* found = view_->provisioning_requests().Find(PodName(gang.ns(), RequestName(gang, attempt)));
  return found == nullptr || (*found)->deleting ? nullptr : *found;
}

void Engine::TakeUpRequest(const GangId& gang, GangState& state) const {
  if (state.course.open || !state.course.given_up.empty()) return;
  view_->provisioning_requests().ForEach([&](const PodName&, const auto& request) {
    const bool later = !state.course.open || request->attempt > state.course.attempt;
    if (request->gang == gang && !request->deleting && later) Adopt(state.course, *request);
  });
}

void Engine::FollowRequest(const GangId& id, GangState& state, absl::Time now, std::set<PodName>& needed,
                           ScaleUpOrders& orders) {
  state.scale_up.clear();
  TakeUpRequest(id, state);
  if (state.course.open && state.planned_at == 0) {
    // After a restart nobody knows yet whether it is still needed.
    needed.insert(PodName(id.ns(), RequestName(id, state.course.attempt)));
    return;
  }
  const bool due = state.course.open ? state.lacks_room : LacksRoom(state, now);
  const bool asks = due && ScaleUpPolicyOf(id) == ScaleUpPolicy::kProvisioningRequest;
  if (!asks && !state.course.open) return;
  const Gang gang = Assemble(id);
  if (gang.members.empty() || !IsOurs(*gang.members.front())) return;
  const bool has_seats = ledger_.Find(id) != nullptr;
  auto request = RequestOf(id, state.course.attempt);
  if (!asks && (!has_seats || request == nullptr)) {
    // It was in vain, or in time for what came otherwise.
    state.course = {};
    return;
  }
  if (!view_->knows_provisioning_requests()) {
    state.scale_up = "off: this cluster has no ProvisioningRequests (autoscaling.x-k8s.io/v1)";
    return;
  }
  const std::string& consumed = gang.members.front()->consumes;
  if (IsOfOthers(consumed)) {
    state.scale_up = absl::StrCat("left to the ProvisioningRequest ", consumed, " that its pods name");
    return;
  }
  const bool next_round = !state.course.open && now >= state.course.resume_at &&
                          CandidateOf(state.course.attempt, state.candidates.size()) == 0;
  if (state.candidates.empty() || next_round) FindCandidates(gang, state, now);
  if (!has_seats) {
    const ScaleUpStep step =
        Advance(state.course, request.get(), state.candidate_texts, options_.scale_up, now);
    if (step == ScaleUpStep::kAsk) {
      ProvisioningOrder order = OrderFor(gang, state);
      if (order.sets.size() > kMostPodSets) {
        GiveUp(state.course, state.candidate_texts,
               absl::StrCat("its members are of ", order.sets.size(),
                            " kinds; a ProvisioningRequest has at most ", kMostPodSets),
               options_.scale_up, now);
      } else {
        orders.ask.push_back(std::move(order));
      }
    }
    request = RequestOf(id, state.course.attempt);
  }
  state.scale_up = Describe(state.course, request.get(), state.candidate_texts);
  if (!state.course.open || request == nullptr) return;
  needed.insert(PodName(request->ns, request->name));
  Consume(gang, request->name, has_seats, orders);
}

void Engine::RequestFailed(const GangId& gang, int64_t attempt, const std::string& why, absl::Time now) {
  const auto state = gangs_.find(gang);
  if (state == gangs_.end() || !state->second.course.open || state->second.course.attempt != attempt) return;
  if (state->second.candidate_texts.empty()) return;
  GiveUp(state->second.course, state->second.candidate_texts, absl::StrCat("it can't be written: ", why),
         options_.scale_up, now);
}

std::vector<std::string> Engine::ScaleUpLines(const GangId& gang, const GangState& state) const {
  std::vector<std::string> lines;
  const ScaleUpPolicy policy = ScaleUpPolicyOf(gang);
  if (!state.scale_up.empty()) {
    lines.push_back(absl::StrCat(Word(policy), ": ", state.scale_up));
  } else if (state.lacks_room && policy == ScaleUpPolicy::kNever) {
    lines.push_back("never: nobody is asked for nodes");
  } else if (state.lacks_room && policy == ScaleUpPolicy::kUngate) {
    lines.push_back("ungate: its pods are left to an autoscaler");
  }
  lines.insert(lines.end(), state.course.given_up.begin(), state.course.given_up.end());
  return lines;
}

}  // namespace muster
