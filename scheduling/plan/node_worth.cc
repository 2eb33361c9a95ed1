// SPDX-License-Identifier: Apache-2.0
#include "scheduling/plan/node_worth.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "scheduling/plan/feasibility.h"

namespace muster {
namespace {

// What one of this device is worth, in GPUs: a MIG instance as many sevenths as
// it has compute slices.
double WorthOfOne(absl::string_view device) {
  constexpr double kComputeSlices = 7;
  int64_t slices = 0;
  if (!absl::ConsumePrefix(&device, "nvidia.com/mig-")) return 1;
  if (!absl::SimpleAtoi(device.substr(0, device.find('g')), &slices)) return 1;
  return std::clamp<double>(static_cast<double>(slices), 1, kComputeSlices) / kComputeSlices;
}

// Which part of all demand asks for whole nodes of so many devices: so much
// that, where all else asks for one, the last of a broken node costs a little
// less than the first of a whole one. With the root in the value of a room that is
// 2 * sqrt(devices - 1) / devices^2.
double WholePart(int64_t devices) {
  constexpr double kLittleMore = 1.1;
  const auto d = static_cast<double>(devices);
  return kLittleMore * 2 * std::sqrt(d - 1) / (d * d);
}

bool IsDevice(const std::string& name) {
  Resources one;
  one.Set(name, 1);
  return AsksForDevices(one);
}

}  // namespace

NodeWorth::NodeWorth() { StartAnew(); }

void NodeWorth::StartAnew() {
  wheres_.clear();
  keys_.clear();
  kinds_.clear();
  kind_numbers_.clear();
  entries_.clear();
  wholes_.clear();
  held_.reset();
  worth_ = std::make_unique<Worth>([this](int32_t kind, uint64_t where) { return Admits(kind, where); });
}

bool NodeWorth::Admits(int32_t kind, uint64_t where) const {
  return where == kAnywhere || Eligible(wheres_[where], *kinds_[static_cast<size_t>(kind)]);
}

void NodeWorth::Asked(const PodShape& shape) {
  if (wheres_.size() > kMostWheres) StartAnew();
  worth_->Asked(AskOf(shape));
}

NodeWorth::Losses NodeWorth::LossesOf(const PodShape& shape, std::shared_ptr<const ClusterView> view,
                                      const Ledger& ledger) {
  if (wheres_.size() > kMostWheres || kinds_.size() > kMostKinds) StartAnew();
  const Ask ask = AskOf(shape);
  Observe(std::move(view), ledger);
  return Losses(*this, worth_->NumberOf(ask));
}

GangWorth NodeWorth::ForGang(std::shared_ptr<const ClusterView> view, const Ledger& ledger) {
  if (wheres_.size() > kMostWheres || kinds_.size() > kMostKinds) StartAnew();
  // Prices hardly change with what is promised meanwhile.
  if (held_ != view) Observe(std::move(view), ledger);
  Valuation prices = worth_->Prices(kMostAsksForGang);
  std::vector<int32_t> kinds;
  kinds.reserve(entries_.size());
  std::vector<std::vector<bool>> admitted(kinds_.size());
  for (const Entry& entry : entries_) {
    kinds.push_back(entry.kind);
    std::vector<bool>& of_kind = admitted[static_cast<size_t>(entry.kind)];
    if (!of_kind.empty()) continue;
    for (const auto& [ask, price] : prices.asks()) of_kind.push_back(Admits(entry.kind, ask.where));
  }
  return GangWorth(std::move(prices), devices_, std::move(kinds), std::move(admitted));
}

std::optional<double> NodeWorth::Losses::Of(size_t node) {
  if (node >= owner_.entries_.size()) return std::nullopt;
  const RoomId room = owner_.entries_[node].room;
  const auto [known, is_new] = known_.try_emplace(room);
  if (is_new) {
    const Worth::Loss loss = owner_.worth_->LossOf(room, ask_);
    if (loss.after != kNoRoom) known->second = loss.value;
  }
  return known->second;
}

size_t NodeWorth::NumberOfDevice(const std::string& name) {
  const auto [known, is_new] = devices_.try_emplace(name, devices_.size());
  // Rooms so far lack it.
  if (is_new) ForgetNodes();
  return known->second;
}

Ask NodeWorth::AskOf(const PodShape& shape) {
  Ask ask;
  ask.cpu_millis = std::max<int64_t>(shape.requests.cpu_millis, 0);
  ask.memory_bytes = std::max<int64_t>(shape.requests.memory_bytes, 0);
  for (const auto& [name, amount] : shape.requests.scalars) {
    if (amount <= 0 || !IsDevice(name)) continue;
    const size_t device = NumberOfDevice(name);
    if (ask.counts.size() <= device) ask.counts.resize(device + 1);
    ask.counts[device] = amount;
    ask.worth = std::max(ask.worth, static_cast<float>(WorthOfOne(name) * static_cast<double>(amount)));
  }
  ask.where = WhereOf(shape);
  return ask;
}

uint64_t NodeWorth::WhereOf(const PodShape& shape) {
  PodShape where;
  where.node_selector = shape.node_selector;
  where.required_affinity = shape.required_affinity;
  where.tolerations = shape.tolerations;
  const auto known = std::find(wheres_.begin(), wheres_.end(), where);
  if (known != wheres_.end()) return static_cast<uint64_t>(known - wheres_.begin());
  const size_t before = keys_.size();
  for (const auto& [key, value] : where.node_selector) keys_.emplace(key, "");
  if (where.required_affinity.has_value()) {
    for (const NodeSelectorTerm& term : *where.required_affinity) {
      for (const LabelRequirement& label : term.labels) keys_.emplace(label.key, "");
      // No label has an empty key: this stands for the node's name.
      if (!term.fields.empty()) keys_.emplace("", "");
    }
  }
  wheres_.push_back(std::move(where));
  // Kinds so far do not tell these labels apart.
  if (keys_.size() != before) ForgetNodes();
  return wheres_.size() - 1;
}

int32_t NodeWorth::KindOf(const std::shared_ptr<const Node>& node) {
  std::string key = absl::StrCat(node->unschedulable, node->ready);
  for (const auto& [label, unused] : keys_) {
    const auto value = node->labels.find(label);
    if (label.empty()) {
      absl::StrAppend(&key, node->name.text(), "\n");
    } else if (value != node->labels.end()) {
      absl::StrAppend(&key, label, "=", value->second, "\n");
    } else {
      // Or a node without it would be of a kind from before the label counted.
      absl::StrAppend(&key, "-", label, "\n");
    }
  }
  for (const Taint& taint : node->taints) {
    absl::StrAppend(&key, "!", taint.key, "=", taint.value, ":", static_cast<int>(taint.effect), "\n");
  }
  const auto [known, is_new] = kind_numbers_.try_emplace(key, static_cast<int32_t>(kinds_.size()));
  if (is_new) kinds_.push_back(node);
  return known->second;
}

Room NodeWorth::RoomOf(const NodeState& state, const Resources* promised, int32_t kind) const {
  const auto left = [&](int64_t free, int64_t taken) {
    return std::max<int64_t>(free - (promised == nullptr ? 0 : taken), 0);
  };
  Room room;
  room.kind = kind;
  room.cpu_millis = left(state.free.cpu_millis, promised == nullptr ? 0 : promised->cpu_millis);
  room.memory_bytes = left(state.free.memory_bytes, promised == nullptr ? 0 : promised->memory_bytes);
  room.counts.resize(devices_.size());
  for (const auto& [name, amount] : state.free.scalars) {
    const auto device = devices_.find(name);
    if (device == devices_.end()) continue;
    room.counts[device->second] = left(amount, promised == nullptr ? 0 : promised->Get(name));
  }
  return room;
}

void NodeWorth::ExpectWhole(const Node& node) {
  Ask whole;
  whole.where = kAnywhere;
  whole.counts.resize(devices_.size());
  int64_t most = 0;
  for (const auto& [name, amount] : node.allocatable.scalars) {
    const auto device = devices_.find(name);
    if (device == devices_.end() || amount <= 0) continue;
    whole.counts[device->second] = amount;
    most = std::max(most, amount);
    whole.worth = std::max(whole.worth, static_cast<float>(WorthOfOne(name) * static_cast<double>(amount)));
  }
  if (most < 2 || wholes_.size() >= kMostWholes || !wholes_.insert(whole.counts).second) return;
  worth_->Expect(whole, WholePart(most));
}

void NodeWorth::ForgetNodes() {
  for (const Entry& entry : entries_) {
    if (entry.room != kNoRoom) worth_->Leave(entry.room);
  }
  entries_.clear();
}

void NodeWorth::Observe(std::shared_ptr<const ClusterView> view, const Ledger& ledger) {
  if (held_ == nullptr || held_->fabric() != view->fabric()) ForgetNodes();
  if (worth_->rooms() > kMostRooms) {
    ForgetNodes();
    worth_->ForgetRooms();
  }
  const bool anew = entries_.empty();
  const bool any_promise = !ledger.promises().empty();
  size_t number = 0;
  view->nodes().ForEach([&](const NodeName& name, const NodeState& state) {
    if (state.node == nullptr) return;
    if (number == entries_.size()) entries_.emplace_back();
    Entry& entry = entries_[number++];
    const Resources* promised = any_promise ? ledger.Promised(name) : nullptr;
    // The views share what did not change.
    if (entry.state == &state && promised == nullptr && !entry.promised) return;
    if (entry.kind < 0 || entry.state == nullptr || entry.state->node != state.node) {
      entry.kind = KindOf(state.node);
      ExpectWhole(*state.node);
    }
    const RoomId room = worth_->Find(RoomOf(state, promised, entry.kind));
    if (room != entry.room) {
      if (entry.room != kNoRoom) worth_->Leave(entry.room);
      worth_->Enter(room);
    }
    entry.state = &state;
    entry.promised = promised != nullptr;
    entry.room = room;
  });
  held_ = std::move(view);
  if (anew) worth_->Renew();
}

}  // namespace muster
