// SPDX-License-Identifier: Apache-2.0
#include "scheduling/choice/worth.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <utility>

namespace muster {
namespace {

size_t At(RoomId id) { return static_cast<size_t>(id); }

// Several sums side by side: one would wait for itself at every step.
double Dot(const std::vector<float>& a, const std::vector<float>& b) {
  constexpr size_t kSums = 8;
  const size_t size = std::min(a.size(), b.size());
  std::array<float, kSums> sums = {};
  size_t i = 0;
  for (; i + kSums <= size; i += kSums) {
    for (size_t s = 0; s < kSums; ++s) sums[s] += a[i + s] * b[i + s];
  }
  double sum = 0;
  for (; i < size; ++i) sum += a[i] * b[i];
  for (const float s : sums) sum += s;
  return sum;
}

}  // namespace

size_t Worth::Asked(const Ask& ask) {
  const size_t number = NumberOf(ask);
  increment_ *= std::exp2(1.0 / kHalfLife);
  constexpr double kTooMuch = 1e30;
  if (increment_ > kTooMuch) {
    for (Kind& kind : kinds_) kind.weight /= increment_;
    total_ /= increment_;
    increment_ = 1;
  }
  total_ += increment_;
  const bool is_new = kinds_[number].weight == 0;
  kinds_[number].weight += increment_;
  if (asked_++ % kRenewal == 0 || is_new) Renew();
  return number;
}

void Worth::Expect(const Ask& ask, double part) {
  kinds_[NumberOf(ask)].expected = part;
  Renew();
}

size_t Worth::NumberOf(const Ask& ask) {
  if (const auto known = numbers_.find(ask); known != numbers_.end()) return known->second;
  size_t number = kinds_.size();
  if (number < kMostAsks) {
    kinds_.push_back({ask});
    prices_.push_back(0);
  } else {
    number = LeastAskedFor();
    numbers_.erase(kinds_[number].ask);
    kinds_[number] = {ask};
    rooms_.ForgetAsks();
    for (size_t id = 0; id < known_.size(); ++id) {
      if (known_[id].usable.size() > number) {
        known_[id].usable[number] = UsableOf(static_cast<RoomId>(id), number);
      }
    }
  }
  numbers_[ask] = number;
  CountRoomFor(number);
  return number;
}

size_t Worth::LeastAskedFor() const {
  const auto least = std::min_element(kinds_.begin(), kinds_.end(), [](const Kind& a, const Kind& b) {
    return std::pair(a.expected, a.weight) < std::pair(b.expected, b.weight);
  });
  return static_cast<size_t>(least - kinds_.begin());
}

void Worth::CountRoomFor(size_t ask) {
  kinds_[ask].usable = 0;
  for (size_t id = 0; id < known_.size(); ++id) {
    if (known_[id].nodes == 0) continue;
    kinds_[ask].usable +=
        static_cast<double>(known_[id].nodes) * Complete(static_cast<RoomId>(id)).usable[ask];
  }
}

void Worth::Renew() {
  constexpr double kNothing = 1e-3;  // of one pod: what sums of roundings may leave
  for (size_t k = 0; k < kinds_.size(); ++k) {
    const Kind& kind = kinds_[k];
    prices_[k] = kind.usable > kNothing
                     ? static_cast<float>((kind.weight + kind.expected * std::max(total_, increment_)) /
                                          increment_ * kind.ask.worth / kind.usable)
                     : 0;
  }
  ++renewal_;
}

Valuation Worth::Prices(size_t most) const {
  std::vector<size_t> order(kinds_.size());
  std::iota(order.begin(), order.end(), size_t{0});
  const auto demand = [&](size_t k) {
    return (kinds_[k].weight + kinds_[k].expected * std::max(total_, increment_)) * kinds_[k].ask.worth;
  };
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return demand(a) > demand(b); });
  std::vector<Valuation::Priced> asks;
  for (const size_t k : order) {
    if (asks.size() < most && prices_[k] > 0) asks.push_back({kinds_[k].ask, prices_[k]});
  }
  return Valuation(std::move(asks));
}

float Worth::UsableOf(RoomId id, size_t ask) const {
  const Room& room = rooms_[id];
  const Kind& kind = kinds_[ask];
  if (kind.ask.worth <= 0 || !admits_(room.kind, kind.ask.where)) return 0;
  return static_cast<float>(Usable(room, kind.ask));
}

Worth::Known& Worth::Complete(RoomId id) {
  Known& known = known_[At(id)];
  known.usable.reserve(kinds_.size());
  for (size_t k = known.usable.size(); k < kinds_.size(); ++k) known.usable.push_back(UsableOf(id, k));
  return known;
}

RoomId Worth::Find(const Room& room) {
  const RoomId id = rooms_.Find(room);
  if (known_.size() < rooms_.size()) known_.resize(rooms_.size());
  return id;
}

void Worth::ForgetRooms() {
  rooms_ = Rooms();
  known_.clear();
  for (Kind& kind : kinds_) kind.usable = 0;
}

void Worth::Add(RoomId id, double nodes) {
  const Known& known = Complete(id);
  for (size_t k = 0; k < kinds_.size(); ++k) kinds_[k].usable += nodes * known.usable[k];
}

void Worth::Enter(RoomId id) {
  Add(id, 1);
  ++known_[At(id)].nodes;
}

void Worth::Leave(RoomId id) {
  Add(id, -1);
  --known_[At(id)].nodes;
}

double Worth::Value(RoomId id) {
  if (known_[At(id)].valued != renewal_) {
    Known& known = Complete(id);
    known.valued = renewal_;
    known.value = std::sqrt(std::max(0.0, Dot(known.usable, prices_)));
  }
  return known_[At(id)].value;
}

Worth::Loss Worth::LossOf(RoomId id, size_t ask) {
  Loss least;
  if (!HasRoom(rooms_[id], kinds_[ask].ask) || !admits_(rooms_[id].kind, kinds_[ask].ask.where)) return least;
  const absl::Span<const RoomId> after = rooms_.After(id, kinds_[ask].ask, ask);
  if (known_.size() < rooms_.size()) known_.resize(rooms_.size());
  const double before = Value(id);
  for (const RoomId rest : after) {
    const double loss = before - Value(rest);
    if (least.after == kNoRoom || loss < least.value) least = {loss, rest};
  }
  return least;
}

}  // namespace muster
