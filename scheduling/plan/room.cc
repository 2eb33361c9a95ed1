// SPDX-License-Identifier: Apache-2.0
#include "scheduling/plan/room.h"

#include <algorithm>
#include <tuple>

namespace muster {
namespace {

// A candidate with room for at least one member.
struct Opening {
  size_t candidate;
  int64_t capacity;  // members that fit side by side
  int64_t devices;   // free units of the devices asked for; of all devices where none are
};

// What is spent when the shape takes this node: free devices beyond the
// request are what the next GPU job would have found whole.
int64_t DevicesAtStake(const PodShape& shape, const Resources& free) {
  int64_t asked = 0;
  int64_t all = 0;
  for (const auto& [name, amount] : free.scalars) {
    all += amount;
    if (shape.requests.Get(name) > 0) asked += amount;
  }
  return asked > 0 ? asked : all;
}

std::vector<Opening> FindOpenings(const ShapeGroup& group, int64_t count,
                                  const std::vector<Candidate>& candidates) {
  std::vector<Opening> openings;
  for (size_t i = 0; i < candidates.size(); ++i) {
    if (!group.eligible[i]) continue;
    const int64_t capacity = CountFitting(group.shape->requests, candidates[i].free, count);
    if (capacity > 0) openings.push_back({i, capacity, DevicesAtStake(*group.shape, candidates[i].free)});
  }
  // Preferred nodes, then the roomiest, then the tightest of equal room.
  std::sort(openings.begin(), openings.end(), [&](const Opening& a, const Opening& b) {
    const Candidate& x = candidates[a.candidate];
    const Candidate& y = candidates[b.candidate];
    return std::tuple(!x.preferred, -a.capacity, a.devices, x.free.cpu_millis, x.free.memory_bytes,
                      x.node->name) < std::tuple(!y.preferred, -b.capacity, b.devices, y.free.cpu_millis,
                                                 y.free.memory_bytes, y.node->name);
  });
  return openings;
}

void Take(const Resources& request, int64_t times, Resources& free) {
  for (int64_t i = 0; i < times; ++i) free -= request;
}

// The tightest of the openings from `first` on that holds all of `left`
// alone, among those as preferred as `first`. REQUIRES: `first` holds them.
size_t TightestThatHoldsAll(const std::vector<Opening>& openings, size_t first, int64_t left,
                            const std::vector<Candidate>& candidates) {
  const bool preferred = candidates[openings[first].candidate].preferred;
  const auto end = std::partition_point(
      openings.begin() + static_cast<std::ptrdiff_t>(first), openings.end(),
      [&](const Opening& o) { return candidates[o.candidate].preferred == preferred && o.capacity >= left; });
  const int64_t tightest = std::prev(end)->capacity;
  const auto at = std::find_if(openings.begin() + static_cast<std::ptrdiff_t>(first), end,
                               [&](const Opening& o) { return o.capacity == tightest; });
  return static_cast<size_t>(at - openings.begin());
}

}  // namespace

std::vector<Portion> Pack(const ShapeGroup& group, int64_t count, std::vector<Candidate>& candidates) {
  const std::vector<Opening> openings = FindOpenings(group, count, candidates);
  std::vector<Portion> portions;
  int64_t left = count;
  for (size_t i = 0; i < openings.size() && left > 0; ++i) {
    const bool last = openings[i].capacity >= left;
    const Opening& chosen =
        last ? openings[TightestThatHoldsAll(openings, i, left, candidates)] : openings[i];
    const int64_t taken = std::min(left, chosen.capacity);
    Take(group.shape->requests, taken, candidates[chosen.candidate].free);
    portions.push_back({chosen.candidate, taken});
    left -= taken;
  }
  return portions;
}

namespace {

// Depth-first over (group, candidate): how many of the group go there.
class Search {
 public:
  Search(const std::vector<ShapeGroup>& groups, std::vector<Candidate>& candidates, int64_t effort)
      : groups_(groups), candidates_(candidates), effort_(effort), found_(groups.size()) {}

  bool Run() { return Place(0, 0, Left(0)); }
  std::vector<std::vector<Portion>> Found() && { return std::move(found_); }

 private:
  int64_t Left(size_t group) const {
    return group < groups_.size() ? static_cast<int64_t>(groups_[group].members.size()) : 0;
  }

  bool Place(size_t group, size_t candidate, int64_t left) {
    if (group == groups_.size()) return true;
    if (left == 0) return Place(group + 1, 0, Left(group + 1));
    if (candidate == candidates_.size() || --effort_ < 0) return false;
    const Resources& request = groups_[group].shape->requests;
    Resources& free = candidates_[candidate].free;
    const int64_t most = groups_[group].eligible[candidate] ? CountFitting(request, free, left) : 0;
    for (int64_t count = most; count >= 0; --count) {
      const Resources before = free;
      Take(request, count, free);
      if (count > 0) found_[group].push_back({candidate, count});
      if (Place(group, candidate + 1, left - count)) return true;
      if (count > 0) found_[group].pop_back();
      free = before;
    }
    return false;
  }

  const std::vector<ShapeGroup>& groups_;
  std::vector<Candidate>& candidates_;
  int64_t effort_;
  std::vector<std::vector<Portion>> found_;
};

}  // namespace

std::optional<std::vector<std::vector<Portion>>> PackExhaustively(const std::vector<ShapeGroup>& groups,
                                                                  std::vector<Candidate>& candidates,
                                                                  int64_t effort) {
  std::vector<Candidate> scratch = candidates;
  Search search(groups, scratch, effort);
  if (!search.Run()) return std::nullopt;
  candidates = std::move(scratch);
  return std::move(search).Found();
}

}  // namespace muster
