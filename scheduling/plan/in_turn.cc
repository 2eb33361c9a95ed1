// SPDX-License-Identifier: Apache-2.0
#include "scheduling/plan/in_turn.h"

#include <algorithm>

#include "scheduling/plan/distribution.h"

namespace muster {

void InTurn::Add(Line line) {
  State& state = states_.emplace_back();
  state.line = std::move(line);
  state.least = board_.LeastOf(state.line.cls);
}

void InTurn::Run() {
  for (bool changed = true; changed;) {
    changed = false;
    for (State& state : states_) changed |= Advance(state);
    if (changed) continue;
    for (State& state : states_) changed |= ChooseNodes(state);
  }
}

bool InTurn::Advance(State& state) {
  const bool any = !state.ready.empty() && !state.done();
  while (!state.ready.empty() && !state.done()) {
    Entry entry = state.ready.front();
    state.ready.pop_front();
    if (IsClosed(state, entry.node)) entry.left = 0;
    if (entry.left > 0 && board_.TakesOneMore(state.line.cls, entry.node)) {
      Take(state, entry);
    } else {
      PutAside(state, entry);
    }
  }
  return any;
}

bool InTurn::IsClosed(const State& state, int32_t node) {
  const CapacityRules& rules = state.line.rules;
  if (!rules.one_per_domain.has_value() || rules.closed.empty()) return false;
  const DomainId domain = rules.tree->DomainOf(node, *rules.one_per_domain);
  return domain != kNoDomain && rules.closed[static_cast<size_t>(domain)];
}

bool InTurn::ChooseNodes(State& state) {
  if (state.done()) return false;
  Line& line = state.line;
  line.rules.in_turn = line.members - state.taken;
  const DomainRoom capacity = CountCapacity(board_, line.cls, line.rules, line.scope);
  const int64_t members = std::min(line.rules.in_turn, capacity[line.domain]);
  if (members == 0) return false;
  const bool one = line.rules.one_per_domain.has_value();
  // Elsewhere in the domains of those that wait nobody came so far.
  if (one) state.waiting.clear();
  for (const auto& share :
       Distribute(board_, line.cls, line.rules, line.scope, capacity, line.domain, members).shares) {
    state.ready.push_back({share.node, one ? 1 : kMaxMembers});
  }
  return true;
}

void InTurn::Take(State& state, Entry entry) {
  const Line& line = state.line;
  board_.Take({line.fill, line.cls, entry.node, 1});
  ++state.taken;
  --entry.left;
  entry.used = true;
  for (State& other : states_) {
    CapacityRules& rules = other.line.rules;
    if (rules.one_per_domain.has_value()) rules.Close(*rules.one_per_domain, entry.node);
  }
  state.ready.push_front(entry);
  LetInWhereSkewsAllow();
}

void InTurn::PutAside(State& state, Entry entry) {
  std::optional<Wait> wait;
  if (entry.left > 0 && board_.Capacity(state.line.cls, entry.node) > 0) {
    if (const auto skew = board_.WaitsFor(state.line.cls, entry.node)) wait = {skew->constraint, skew->value};
  }
  const std::optional<Wait> from = entry.from;
  if (wait.has_value()) {
    std::deque<Entry>& line = state.waiting[*wait];
    entry.from.reset();
    // Nodes in use are filled first; then come those that waited before.
    auto place = line.begin();
    while (!entry.used && place != line.end() && place->used) ++place;
    line.insert(entry.used || wait == from ? place : line.end(), entry);
  }
  // The place of one that went away is the next one's.
  if (from.has_value() && wait != from) LetInNext(state, *from);
}

void InTurn::LetInNext(State& state, const Wait& wait) {
  const auto at = state.waiting.find(wait);
  if (at == state.waiting.end() || at->second.empty()) return;
  Entry entry = at->second.front();
  at->second.pop_front();
  entry.from = wait;
  entry.used ? state.ready.push_front(entry) : state.ready.push_back(entry);
}

void InTurn::LetInWhereSkewsAllow() {
  for (State& state : states_) {
    const std::vector<int64_t> least = board_.LeastOf(state.line.cls);
    for (size_t c = 0; c < least.size(); ++c) {
      if (least[c] == state.least[c]) continue;
      for (auto& [wait, line] : state.waiting) {
        if (wait.first == c) LetInNext(state, wait);
      }
    }
    state.least = least;
  }
}

}  // namespace muster
