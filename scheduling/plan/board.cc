// SPDX-License-Identifier: Apache-2.0
#include "scheduling/plan/board.h"

#include <algorithm>

#include "scheduling/model/gang.h"
#include "scheduling/plan/feasibility.h"
#include "scheduling/plan/gpu_rules.h"

namespace muster {
namespace {

void Subtract(Resources& free, const Resources& request, int64_t times) {
  for (int64_t i = 0; i < times; ++i) free -= request;
  for (int64_t i = times; i < 0; ++i) free += request;
}

}  // namespace

Board::Board(const PlanInput& input, Room room, const Board* other)
    : input_(input),
      devices_(input, room == Room::kEmpty),
      known_(other == nullptr ? std::make_shared<Known>() : other->known_) {
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

size_t Board::AddClass(const PodShape& shape, PodRules::Kind kind, ClassSet classes, DeviceDemand demand) {
  Class cls{&shape,
            kind,
            classes,
            std::move(demand),
            std::vector<bool>(nodes_.size()),
            std::vector<int64_t>(nodes_.size())};
  const std::vector<bool>& admitted = AdmittedFor(shape, classes);
  for (size_t n = 0; n < nodes_.size(); ++n) {
    const auto number = static_cast<int32_t>(n);
    cls.may_use[n] = admitted[n] && !IsClosed(number) && !IsClosedToShares(shape, number) &&
                     (cls.demand.empty() || devices_.MayUse(cls.demand, *nodes_[n].node));
    if (cls.may_use[n]) cls.capacity[n] = RoomFor(cls, number);
  }
  classes_.push_back(std::move(cls));
  return classes_.size() - 1;
}

const std::vector<bool>& Board::EligibleFor(const PodShape& shape) {
  for (const auto& known : known_->eligible) {
    if (known->shape->node_selector == shape.node_selector &&
        known->shape->required_affinity == shape.required_affinity &&
        known->shape->tolerations == shape.tolerations)
      return known->nodes;
  }
  std::vector<bool> nodes(nodes_.size());
  for (size_t n = 0; n < nodes.size(); ++n) {
    const Node& node = *nodes_[n].node;
    nodes[n] = Eligible(shape, node) && ClosedToMembers(shape, node).empty();
  }
  known_->eligible.push_back(
      std::make_unique<Admitted>(Admitted{&shape, ClassSet::All(), std::move(nodes)}));
  return known_->eligible.back()->nodes;
}

const std::vector<bool>& Board::AdmittedFor(const PodShape& shape, ClassSet classes) {
  for (const auto& known : known_->admitted) {
    if (known->shape == &shape && known->classes == classes) return known->nodes;
  }
  std::vector<bool> nodes = EligibleFor(shape);
  GpuRules gpu_rules(shape, input_.gpu_product);
  const bool declined = !input_.declined.empty();
  for (size_t n = 0; n < nodes.size(); ++n) {
    const Node& node = *nodes_[n].node;
    nodes[n] = nodes[n] && classes.Has(nodes_[n].capacity) && gpu_rules.Allow(node) &&
               !(declined && input_.declined.Holds(shape, node.name));
  }
  known_->admitted.push_back(std::make_unique<Admitted>(Admitted{&shape, classes, std::move(nodes)}));
  return known_->admitted.back()->nodes;
}

int64_t Board::DevicesAtStake(size_t cls, int32_t n) const {
  const auto& asked_for = shape(cls).requests.scalars;
  int64_t asked = 0;
  int64_t all = 0;
  auto next = asked_for.begin();  // both are sorted by name
  for (const auto& [name, amount] : free(n).scalars) {
    all += amount;
    while (next != asked_for.end() && next->first < name) ++next;
    if (next != asked_for.end() && next->second > 0 && next->first == name) asked += amount;
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
  Change(portion, portion.members);
  taken_.push_back(portion);
}

void Board::UndoTo(size_t count) {
  while (taken_.size() > count) {
    const Portion& last = taken_.back();
    for (int64_t i = 0; i < last.members && OneByOne(last.cls); ++i) {
      rules_->Unseat(classes_[last.cls].kind, At(last.node));
    }
    Change(last, -last.members);
    taken_.pop_back();
  }
}

void Board::Change(const Portion& portion, int64_t times) {
  Subtract(OwnFree(portion.node), shape(portion.cls).requests, times);
  const DeviceDemand& demand = classes_[portion.cls].demand;
  if (!demand.empty()) devices_.Take(demand, node(portion.node).name, times);
  Recount(portion.node);
}

int64_t Board::RoomFor(const Class& cls, int32_t n) const {
  const int64_t room = CountFitting(cls.shape->requests, free(n), kMaxMembers);
  return room == 0 || cls.demand.empty() ? room : devices_.CountFitting(cls.demand, node(n).name, room);
}

std::string Board::MissingForDevices() const {
  for (const Class& cls : classes_) {
    if (!cls.demand.missing.empty()) return cls.demand.missing;
  }
  return "";
}

std::optional<BoardDevices::Lack> Board::DeviceLack(size_t cls, int32_t n) const {
  const DeviceDemand& demand = classes_[cls].demand;
  if (demand.claims.empty() || devices_.CountFitting(demand, node(n).name, 1) > 0) return std::nullopt;
  return devices_.LackOn(demand, node(n));
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
    if (cls.may_use[At(n)]) cls.capacity[At(n)] = RoomFor(cls, n);
  }
}

}  // namespace muster
