// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "scheduling/engine/engine.h"
#include "scheduling/engine/solo.h"
#include "scheduling/plan/feasibility.h"
#include "scheduling/plan/gpu_rules.h"
#include "scheduling/plan/solo_choice.h"
#include "scheduling/plan/solo_rules.h"

namespace muster {
namespace {

// A pod without devices may be what a new node waits for, so it stays off those
// alone that are about to go.
void AddDeparting(const ClusterView& view, const PodShape& shape,
                  absl::flat_hash_set<absl::string_view>& nodes) {
  view.departing().ForEach([&](const NodeName&, const std::shared_ptr<const Node>& node) {
    if (node->departure->leaving && KeptOffDeparting(shape, *node)) nodes.insert(node->name.text());
  });
}

bool Contains(absl::Span<const absl::string_view> names, const NodeName& node) {
  return std::find(names.begin(), names.end(), node.text()) != names.end();
}

}  // namespace

std::variant<FilterAnswer, GangId> Engine::Filter(const FilterCall& call, absl::Time now) {
  auto answer = Answer(call, now);
  const auto* final = std::get_if<FilterAnswer>(&answer);
  const bool has_node = final != nullptr && !std::holds_alternative<Refused>(*final);
  if (has_node || !InGang(*view_, call.pod)) {
    aside_.erase(call.pod.uid);
  } else {
    aside_.insert_or_assign(call.pod.uid, Aside{call.pod.name, now});
  }
  return answer;
}

std::variant<FilterAnswer, GangId> Engine::Answer(const FilterCall& call, absl::Time now) {
  const std::shared_ptr<const Pod> pod = view_->FindPod(call.pod.name);
  const bool known = pod != nullptr && pod->uid == call.pod.uid;
  const Pod& subject = known ? *pod : call.pod;
  if (auto answer = WhileBinding(call, subject)) return *std::move(answer);
  if (!InGang(*view_, subject)) return FilterSolo(call, subject, now);
  if (known) return FilterMember(call, pod, now);
  // kube-scheduler's watch was faster than ours: when the pod arrives here the
  // gang is planned, and its nomination wakes the pod; or it is no gang.
  return Refused{
      absl::StrCat("gang ", view_->GangOf(subject).text(), " waits: a member was only just created")};
}

std::optional<FilterAnswer> Engine::WhileBinding(const FilterCall& call, const Pod& pod) const {
  const auto progress = progress_.find(pod.uid);
  if (progress == progress_.end() || progress->second.step == Progress::Step::kAnswered) return std::nullopt;
  const NodeName& node = progress->second.seat.node;
  if (Contains(call.candidates, node)) return PassOne{node};
  return Refused{absl::StrCat("pod ", pod.name.text(), " is being bound to node ", node.text())};
}

std::variant<FilterAnswer, GangId> Engine::FilterMember(const FilterCall& call,
                                                        const std::shared_ptr<const Pod>& pod,
                                                        absl::Time now) {
  const GangId& gang = view_->GangOf(*pod);
  const Promise* promise = ledger_.Find(gang);
  const Seat* seat = promise == nullptr ? nullptr : promise->Find(pod->uid);
  const bool alone = call.candidates.size() == 1 && call.pod.nominated.text() == call.candidates[0];
  const bool was_refused_alone = refused_alone_.erase(pod->uid) > 0;
  if (alone) refused_alone_[pod->uid] = now;
  if (seat != nullptr && Stands(*seat)) {
    if (Contains(call.candidates, seat->node)) {
      refused_alone_.erase(pod->uid);
      progress_.insert_or_assign(pod->uid, Progress{Progress::Step::kAnswered, *seat});
      return PassOne{seat->node};
    }
    if (AwaitsPlaceholders(*seat)) {
      return Refused{absl::StrCat("gang ", gang.text(), " is planned: placeholder pods make way for it")};
    }
    // What it was told before is over, and it needs its nomination again.
    CallFailed(pod->uid);
    // The nominated node is tried first and alone. Here it is not among the
    // nodes that passed kube-scheduler's own filters, and was not refused by us
    // when it was tried, so it failed them.
    if (call.pod.nominated != seat->node || alone || was_refused_alone) {
      return Refused{
          absl::StrCat("gang ", gang.text(), " is planned: its members are nominated to their nodes next")};
    }
    declined_.Learn(pod->shape, seat->node, now + options_.declined_for);
    return gang;
  }
  const auto state = gangs_.find(gang);
  if (seat == nullptr && state != gangs_.end() &&
      (state->second.planned_at == Growth() || state->second.stand_back_until > now)) {
    return RefuseWith(gang, now);
  }
  return gang;
}

FilterAnswer Engine::BeingPlanned(const GangId& gang) const {
  return Refused{absl::StrCat("gang ", gang.text(), " is being planned")};
}

FilterAnswer Engine::RefuseWith(const GangId& gang, absl::Time now) {
  GangState& state = gangs_[gang];
  std::string text =
      absl::StrCat("gang ", gang.text(), ": its minimum has seats, there is no room for this member");
  if (state.surplus_due) {
    text = absl::StrCat("gang ", gang.text(),
                        ": its minimum has seats, this member waits for the minimums of other gangs");
  }
  if (state.stand_back_until > now) {
    text = absl::StrCat("gang ", gang.text(),
                        " stands back: its members did not come to be bound before their promise expired");
  } else if (state.refusal.has_value()) {
    text = state.refusal->text;
  }
  // The first text of another kind is news; new numbers in the same sentence can wait.
  const bool was_incomplete = absl::StrContains(state.shown, " waits: ");
  const bool is_incomplete = absl::StrContains(text, " waits: ");
  if (text != state.shown &&
      (was_incomplete != is_incomplete || now - state.shown_since >= options_.text_holds)) {
    state.shown = std::move(text);
    state.shown_since = now;
  }
  return Refused{state.shown};
}

FilterAnswer Engine::FilterSolo(const FilterCall& call, const Pod& pod, absl::Time now) {
  if (!pod.capacity.problem.empty()) return Refused{pod.capacity.problem};
  if (AsksForGpus(pod.shape.requests) && !pod.shape.gpu_problem.empty())
    return Refused{pod.shape.gpu_problem};
  const SoloClasses wanted = ClassesOfSolo(pod, now);
  // What a pod asks for beyond the model, kube-scheduler knows how to give.
  if ((AsksForDevices(pod.shape.requests) || pod.shape.claims.has_value()) && pod.shape.unmodelled.empty())
    return FilterSoloWithDevices(call, pod, wanted);
  absl::flat_hash_set<absl::string_view> taken;
  for (const NodeName& node : ledger_.PromisedNodes()) {
    const NodeState* state = view_->FindNode(node);
    if (state != nullptr && !Fits(pod.shape.requests, ledger_.Free(*state)))
      taken.insert(state->node->name.text());
  }
  AddDeparting(*view_, pod.shape, taken);
  for (const ClassSet classes : wanted.tries) {
    PassAll answer;
    for (const absl::string_view name : call.candidates) {
      if (taken.empty() && classes == ClassSet::All()) break;
      const bool fits = !taken.contains(name) &&
                        (classes == ClassSet::All() || classes.Has(ClassOfNode(NodeName(std::string(name)))));
      if (!fits) answer.except.push_back(name);
    }
    if (!call.candidates.empty() && answer.except.size() == call.candidates.size()) continue;
    Answered(pod, NodeName(), classes);
    return answer;
  }
  if (wanted.tries.back() != ClassSet::All()) {
    return Refused{absl::StrCat("pod ", pod.name.text(), " is for ", Describe(wanted.tries.back()),
                                " capacity", wanted.why, "; none of the nodes that could take it is")};
  }
  return Refused{view_->departing().empty() ? "the room on these nodes is promised to gangs"
                                            : "these nodes are going away or promised to gangs"};
}

FilterAnswer Engine::FilterSoloWithDevices(const FilterCall& call, const Pod& pod,
                                           const SoloClasses& wanted) {
  if (const Promise* promise = ledger_.Find(SoloOwner(pod.name))) {
    const Seat* seat = promise->Find(pod.uid);
    if (seat != nullptr && Contains(call.candidates, seat->node)) return PassOne{seat->node};
  }
  SoloRules rules(pod, SoloOwner(pod.name), *view_, ledger_, options_.tenants);
  for (const ClassSet classes : wanted.tries) {
    const Node* node =
        ChooseForOne(pod.shape, view_, ledger_, call.candidates,
                     {.may_use = [&rules](const NodeState& state) { return rules.Allow(state); },
                      .penalties = &penalties_,
                      .class_options = &options_.capacity.classes,
                      .classes = classes},
                     &worth_);
    if (node == nullptr) continue;
    Answered(pod, node->name, classes);
    return PassOne{node->name};
  }
  const ClassSet last = wanted.tries.back();
  const std::string against = rules.Survey();
  return Refused{absl::StrCat(
      "no node ", last == ClassSet::All() ? "" : absl::StrCat("of ", Describe(last), " capacity "),
      "has room for ", pod.name.text(), last == ClassSet::All() ? "" : wanted.why,
      ledger_.promises().empty() ? "" : " beside what is promised to gangs", against.empty() ? "" : "; ",
      against)};
}

std::vector<int64_t> Engine::Prioritize(const FilterCall& call) const {
  const Promise* promise = call.pod.membership.has_value() ? ledger_.Find(view_->GangOf(call.pod)) : nullptr;
  const Seat* seat = promise == nullptr ? nullptr : promise->Find(call.pod.uid);
  std::vector<int64_t> scores;
  scores.reserve(call.candidates.size());
  if (seat != nullptr) {
    for (const absl::string_view name : call.candidates) {
      scores.push_back(seat->node.text() == name ? kBestScore : 0);
    }
    return scores;
  }
  // Pods without devices stay off nodes that have some.
  absl::flat_hash_set<absl::string_view> without_devices;
  without_devices.reserve(view_->nodes().size());
  view_->nodes().ForEach([&](const NodeName& name, const NodeState& state) {
    if (state.node != nullptr && !AsksForDevices(state.node->allocatable) &&
        view_->FindDevices(name) == nullptr)
      without_devices.insert(name.text());
  });
  for (const absl::string_view name : call.candidates) {
    scores.push_back(without_devices.contains(name) ? kBestScore : 0);
  }
  return scores;
}

}  // namespace muster
