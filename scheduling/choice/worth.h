// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "scheduling/choice/room.h"
#include "scheduling/choice/rooms.h"
#include "scheduling/choice/valuation.h"

namespace muster {

// What rooms are worth for the pods to come, judged by those that came.
//
//   U(t)     = how many pods of kind t the cluster holds, if they came alone
//   price(t) = share(t) * worth(t) / U(t)
//   value(n) = sqrt(sum over t of price(t) * usable(n, t))
//
// and a pod goes where value falls least. The price is the gradient of
// sum share * worth * log U: kinds that few nodes can take have a small U and
// are dear to hurt, which keeps scarce models and whole nodes free without any
// rule for them. The root is what makes nodes full: on an empty node a bad fit
// can be made good by what comes later, on an almost full one it is final, so
// the last of a node costs more than its first.
//
// Demand is forgotten by asks, not by time: one counts half after kHalfLife
// others. Prices are renewed every kRenewal asks, and with every new kind.
//
// Invariant: a function of the calls alone, in their order.
// Threads:   thread-compatible.
class Worth {
 public:
  static constexpr int64_t kHalfLife = 8192;
  static constexpr int64_t kRenewal = 32;
  static constexpr size_t kMostAsks = 512;  // kinds; the least asked for makes room for a new one

  // Says whether rooms of this kind take asks with this `where`. It must not
  // change its mind while asks with it are known.
  using Admits = std::function<bool(int32_t kind, uint64_t where)>;
  explicit Worth(Admits admits) : admits_(std::move(admits)) {}

  // Counts the ask as demand and returns its number, which holds until the next call.
  size_t Asked(const Ask& ask);
  // Counts as so large a part of all that is asked, whatever is: what is to be
  // expected before it was seen. REQUIRES: 0 <= part.
  void Expect(const Ask& ask, double part);
  // The number of the ask, which is not counted.
  size_t NumberOf(const Ask& ask);

  RoomId Find(const Room& room);
  const Room& room(RoomId id) const { return rooms_[id]; }
  size_t rooms() const { return rooms_.size(); }
  // Forgets all rooms, and that nodes have them; not the demand.
  void ForgetRooms();
  // Prices from what the nodes have now: for callers that let all of them leave and enter again.
  void Renew();
  // A node has this room from now on, or no longer. REQUIRES: Leave follows Enter.
  void Enter(RoomId id);
  void Leave(RoomId id);

  // The least that value falls where the ask comes into the room, and what is left then.
  struct Loss {
    double value = 0;
    RoomId after = kNoRoom;  // kNoRoom: it does not fit
  };
  Loss LossOf(RoomId id, size_t ask);
  double Value(RoomId id);

  // The prices as they are now, of the `most` kinds that are asked for most.
  Valuation Prices(size_t most) const;

 private:
  struct Kind {
    Ask ask;
    double weight = 0;    // of demand, in units of increment_
    double expected = 0;  // as a part of all demand
    double usable = 0;    // U
  };
  struct Known {
    std::vector<float> usable;  // by kind of ask; shorter than that until it is needed
    int64_t nodes = 0;
    int64_t valued = -1;  // the renewal of which `value` is
    double value = 0;
  };

  size_t LeastAskedFor() const;
  void CountRoomFor(size_t ask);
  float UsableOf(RoomId id, size_t ask) const;
  Known& Complete(RoomId id);
  void Add(RoomId id, double nodes);

  const Admits admits_;
  Rooms rooms_;
  std::deque<Known> known_;
  std::vector<Kind> kinds_;
  absl::flat_hash_map<Ask, size_t> numbers_;
  std::vector<float> prices_;
  double increment_ = 1;
  double total_ = 0;  // of all weights
  int64_t asked_ = 0;
  int64_t renewal_ = 0;
};

}  // namespace muster
