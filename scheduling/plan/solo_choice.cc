// SPDX-License-Identifier: Apache-2.0
#include "scheduling/plan/solo_choice.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <tuple>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "scheduling/plan/feasibility.h"

namespace muster {
namespace {

// What is free on one node, looked at where it stands: a copy of every node's
// amounts would cost more than all the rest of a filter call.
class FreeOn {
 public:
  FreeOn(const NodeState& state, const Resources* promised) : state_(state), promised_(promised) {}

  int64_t Cpu() const { return Of(&Resources::cpu_millis); }
  int64_t Memory() const { return Of(&Resources::memory_bytes); }
  int64_t Device(absl::string_view name) const {
    return state_.free.Get(name) - (promised_ == nullptr ? 0 : promised_->Get(name));
  }

  bool Holds(const Resources& request) const {
    return Enough(&Resources::pods, request) && Enough(&Resources::cpu_millis, request) &&
           Enough(&Resources::memory_bytes, request) && Enough(&Resources::ephemeral_bytes, request) &&
           std::all_of(request.scalars.begin(), request.scalars.end(), [&](const auto& asked) {
             return asked.second <= 0 || Device(asked.first) >= asked.second;
           });
  }

 private:
  int64_t Of(int64_t Resources::*amount) const {
    return state_.free.*amount - (promised_ == nullptr ? 0 : promised_->*amount);
  }
  bool Enough(int64_t Resources::*amount, const Resources& request) const {
    return request.*amount <= 0 || Of(amount) >= request.*amount;
  }

  const NodeState& state_;
  const Resources* promised_;
};

struct Choice {
  int64_t penalty;
  double loss;
  int64_t devices;
  int64_t cpu;
  int64_t memory;
  size_t number;  // in the order of the view, which is that of the names
  const Node* node;

  bool operator>(const Choice& other) const {
    return std::tie(penalty, loss, devices, cpu, memory, number) >
           std::tie(other.penalty, other.loss, other.devices, other.cpu, other.memory, other.number);
  }
};

std::vector<Choice> NodesWithRoom(const PodShape& shape, const ClusterView& view, const Ledger& ledger,
                                  const SoloLimits& limits, NodeWorth::Losses* losses) {
  // A node that has room but where the shape may not be by what is known here
  // is still better than none: kube-scheduler passed it.
  constexpr double kUnknown = std::numeric_limits<double>::max();
  std::vector<Choice> choices;
  const bool any_promise = !ledger.promises().empty();
  size_t number = 0;
  view.nodes().ForEach([&](const NodeName& name, const NodeState& state) {
    if (state.node == nullptr) return;
    const size_t n = number++;
    if (KeptOffDeparting(shape, *state.node) || !limits.Allow(*state.node)) return;
    const FreeOn free(state, any_promise ? ledger.Promised(name) : nullptr);
    if (!free.Holds(shape.requests)) return;
    int64_t devices = 0;
    for (const auto& [device, amount] : shape.requests.scalars)
      devices += amount > 0 ? free.Device(device) : 0;
    const double loss = losses == nullptr ? 0 : losses->Of(n).value_or(kUnknown);
    const int64_t penalty = limits.penalties == nullptr ? 0 : limits.penalties->Of(*state.node);
    choices.push_back({penalty, loss, devices, free.Cpu(), free.Memory(), n, state.node.get()});
  });
  return choices;
}

// Whether nodes are among the candidates. The first few answers are found by
// looking through them, which is cheaper than an index.
class Window {
 public:
  explicit Window(absl::Span<const absl::string_view> names) : names_(names) {}

  bool Contains(absl::string_view name) {
    constexpr int kFew = 3;
    if (asked_++ < kFew) return std::find(names_.begin(), names_.end(), name) != names_.end();
    if (index_.empty()) index_.insert(names_.begin(), names_.end());
    return index_.contains(name);
  }

 private:
  const absl::Span<const absl::string_view> names_;
  int asked_ = 0;
  absl::flat_hash_set<absl::string_view> index_;
};

}  // namespace

bool SoloLimits::Allow(const Node& node) const {
  if (classes == ClassSet::All()) return true;
  return classes.Has(class_options == nullptr ? node.capacity : ClassOf(*class_options, node));
}

const Node* ChooseForOne(const PodShape& shape, const std::shared_ptr<const ClusterView>& view,
                         const Ledger& ledger, absl::Span<const absl::string_view> candidates,
                         const SoloLimits& limits, NodeWorth* worth) {
  std::optional<NodeWorth::Losses> losses;
  if (worth != nullptr) losses.emplace(worth->LossesOf(shape, view, ledger));
  std::vector<Choice> choices =
      NodesWithRoom(shape, *view, ledger, limits, losses.has_value() ? &*losses : nullptr);
  Window window(candidates);
  std::make_heap(choices.begin(), choices.end(), std::greater<>());
  while (!choices.empty()) {
    std::pop_heap(choices.begin(), choices.end(), std::greater<>());
    const Node* node = choices.back().node;
    // Only nodes that could have been chosen are asked about: what keeps it off them is told.
    if (window.Contains(node->name.text()) &&
        (limits.may_use == nullptr || limits.may_use(*view->FindNode(node->name))))
      return node;
    choices.pop_back();
  }
  return nullptr;
}

}  // namespace muster
