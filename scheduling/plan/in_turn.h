// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "scheduling/plan/board.h"
#include "scheduling/plan/capacity.h"
#include "scheduling/plan/scope.h"

namespace muster {

// Takes room for members one by one, because each changes where the next may
// be: several fills at once, so that members of one may let in those of another.
// A domain that takes one member takes one of all fills.
//
// Nodes are chosen as Distribute divides the members, as many as may come if
// the skews are kept. One that a skew closes waits until that lets it in again,
// and a node is filled before the next one. When nobody comes any further,
// nodes are chosen anew, among those that take one more now.
//
// Threads: thread-compatible. Cost: O(members x terms), and for each choice O(nodes).
class InTurn {
 public:
  struct Line {
    size_t fill = 0;  // see Portion
    size_t cls = 0;   // REQUIRES: board.OneByOne(cls)
    CapacityRules rules;
    Scope scope;
    DomainId domain = kRootDomain;
    int64_t members = 0;  // at most
  };

  explicit InTurn(Board& board) : board_(board) {}
  void Add(Line line);
  // Until all have their members, or nobody finds room.
  void Run();
  int64_t taken(size_t line) const { return states_[line].taken; }

 private:
  using Wait = std::pair<size_t, int32_t>;  // constraint and value, see PodRules::Wait
  struct Entry {
    int32_t node = 0;
    int64_t left = 0;  // members that may still come
    bool used = false;
    std::optional<Wait> from = std::nullopt;  // it waited there last, and others still do
  };
  struct State {
    Line line;
    int64_t taken = 0;
    std::deque<Entry> ready = {};
    std::map<Wait, std::deque<Entry>> waiting = {};
    std::vector<int64_t> least = {};  // see PodRules::Least
    bool done() const { return taken == line.members; }
  };

  // Both return whether something changed.
  bool Advance(State& state);
  // Whether a member came to the node's domain, which takes one of them.
  static bool IsClosed(const State& state, int32_t node);
  bool ChooseNodes(State& state);
  void Take(State& state, Entry entry);
  // Puts the entry where it waits, or drops it.
  void PutAside(State& state, Entry entry);
  static void LetInNext(State& state, const Wait& wait);
  void LetInWhereSkewsAllow();

  Board& board_;
  std::vector<State> states_;
};

}  // namespace muster
