// SPDX-License-Identifier: Apache-2.0
#include "scheduling/plan/board.h"

#include <algorithm>

#include "scheduling/model/gang.h"
#include "scheduling/plan/feasibility.h"
#include "scheduling/plan/gpu_rules.h"

namespace muster {
namespace {

void Change(Resources& free, const Resources& request, int64_t times) {
  for (int64_t i = 0; i < times; ++i) free -= request;
  for (int64_t i = times; i < 0; ++i) free += request;
}

}  // namespace

Board::Board(const PlanInput& input, Room room) : input_(input) {
  nodes_.reserve(input.view.nodes().size());
  input.view.nodes().ForEach([&](const NodeName& name, const NodeState& state) {
    if (state.node == nullptr) return;
    const bool in_window = input.window == nullptr || input.window->contains(name.text());
    const Resources& free = room == Room::kEmpty ? state.node->allocatable : state.free;
    nodes_.push_back(
        {state.node.get(), &free, -1, in_window, input.penalties.Of(*state.node),
         input.classes == nullptr ? state.node->capacity : ClassOf(input.classes->options, *state.node)});
  });
  if (room == Room::kEmpty) return;
  for (const NodeName& name : input.ledger.PromisedNodes()) {
    if (const auto n = Find(name)) OwnFree(*n) -= *input.ledger.Promised(name);
  }
  for (const Seat& seat : input.kept) {
    if (const auto n = Find(seat.node)) OwnFree(*n) -= seat.requests;
  }
}

std::optional<int32_t> Board::Find(const NodeName& name) const {
  const auto at = std::lower_bound(nodes_.begin(), nodes_.end(), name,
                                   [](const NodeEntry& e, const NodeName& n) { return e.node->name < n; });
  if (at == nodes_.end() || at->node->name != name) return std::nullopt;
  return static_cast<int32_t>(at - nodes_.begin());
}

size_t Board::AddClass(const PodShape& shape, PodRules::Kind kind, ClassSet classes) {
  Class cls{&shape, kind, classes, std::vector<bool>(nodes_.size()), std::vector<int64_t>(nodes_.size())};
  GpuRules gpu_rules(shape, input_.gpu_product);
  for (size_t n = 0; n < nodes_.size(); ++n) {
    const auto number = static_cast<int32_t>(n);
    const Node& node = *nodes_[n].node;
    cls.may_use[n] = !IsClosed(number) && classes.Has(nodes_[n].capacity) && Eligible(shape, node) &&
                     gpu_rules.Allow(node) && !IsClosedToShares(shape, number) &&
                     !input_.declined.Holds(shape, node.name);
    if (cls.may_use[n])
      cls.capacity[n] = CountFitting(shape.requests, free(static_cast<int32_t>(n)), kMaxMembers);
  }
  classes_.push_back(std::move(cls));
  return classes_.size() - 1;
}

int64_t Board::DevicesAtStake(size_t cls, int32_t n) const {
  const Resources& request = shape(cls).requests;
  int64_t asked = 0;
  int64_t all = 0;
  for (const auto& [name, amount] : free(n).scalars) {
    all += amount;
    if (request.Get(name) > 0) asked += amount;
  }
  return asked > 0 ? asked : all;
}

std::string Board::PodRuleAgainst(size_t cls, int32_t n) const {
  return OneByOne(cls) ? rules_->Blocks(classes_[cls].kind, At(n)) : "";
}

void Board::Take(const Portion& portion) {
  for (int64_t i = 0; i < portion.members && OneByOne(portion.cls); ++i) {
    rules_->Seat(classes_[portion.cls].kind, At(portion.node));
  }
  Change(OwnFree(portion.node), shape(portion.cls).requests, portion.members);
  Recount(portion.node);
  taken_.push_back(portion);
}

void Board::UndoTo(size_t count) {
  while (taken_.size() > count) {
    const Portion& last = taken_.back();
    for (int64_t i = 0; i < last.members && OneByOne(last.cls); ++i) {
      rules_->Unseat(classes_[last.cls].kind, At(last.node));
    }
    Change(OwnFree(last.node), shape(last.cls).requests, -last.members);
    Recount(last.node);
    taken_.pop_back();
  }
}

Resources& Board::OwnFree(int32_t n) {
  NodeEntry& entry = nodes_[At(n)];
  if (entry.own < 0) {
    own_.push_back(*entry.first_free);
    entry.own = static_cast<int32_t>(own_.size()) - 1;
  }
  return own_[At(entry.own)];
}

void Board::Recount(int32_t n) {
  for (Class& cls : classes_) {
    if (cls.may_use[At(n)]) cls.capacity[At(n)] = CountFitting(cls.shape->requests, free(n), kMaxMembers);
  }
}

}  // namespace muster
