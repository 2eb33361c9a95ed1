// SPDX-License-Identifier: Apache-2.0
#include "scheduling/plan/fills.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace muster {
namespace {

using Line = std::vector<size_t>;

bool HasPlace(const Parts& parts, size_t m) { return parts.members[m].node >= 0; }

// By rank, or empty if the ranks make no sense.
Line LineByRank(const Parts& parts, const Part& part, const std::set<size_t>& in_step) {
  int64_t lowest = 0;
  int64_t highest = -1;
  std::set<int64_t> ranks;
  for (const size_t m : part.members) {
    const auto& rank = parts.members[m].pod->membership->rank;
    if (!rank.has_value() || *rank < 0 || !ranks.insert(*rank).second) return {};
  }
  if (ranks.empty()) return {};
  // Ranks may count on over the parts before this one; slices start on a multiple.
  const int64_t size = part.demand.slices.front().size;
  lowest = *ranks.begin() / size * size;
  highest = *ranks.rbegin();
  const auto beyond = static_cast<int64_t>(part.members.size()) * 2 + size + part.succeeded;
  if (highest - lowest >= beyond) return {};
  Line line(static_cast<size_t>(highest - lowest + 1), kNobody);
  for (const size_t m : part.members) {
    if (!HasPlace(parts, m) && !in_step.contains(m)) continue;
    line[static_cast<size_t>(*parts.members[m].pod->membership->rank - lowest)] = m;
  }
  return line;
}

// Puts members with a place into slices by their domains, and takes from
// `waiting` as many as complete the slices of each.
void LineUp(const Parts& parts, const Demand& demand, size_t layer, const std::vector<size_t>& placed,
            std::vector<size_t>& waiting, Line& line) {
  if (layer == demand.slices.size()) {
    line.insert(line.end(), placed.begin(), placed.end());
    return;
  }
  std::map<DomainId, std::vector<size_t>> by_domain;
  for (const size_t m : placed) {
    by_domain[demand.tree->DomainOf(parts.members[m].node, demand.slices[layer].level)].push_back(m);
  }
  for (const auto& [domain, members] : by_domain) {
    LineUp(parts, demand, layer + 1, members, waiting, line);
    while (line.size() % static_cast<size_t>(demand.slices[layer].size) != 0) {
      if (domain == kNoDomain || waiting.empty()) {
        line.push_back(kNobody);
      } else {
        line.push_back(waiting.front());
        waiting.erase(waiting.begin());
      }
    }
  }
}

Line LineByPlace(const Parts& parts, const Part& part, const std::vector<size_t>& waiting) {
  std::vector<size_t> placed;
  for (const size_t m : part.members) {
    if (HasPlace(parts, m)) placed.push_back(m);
  }
  std::vector<size_t> left = waiting;
  Line line;
  LineUp(parts, part.demand, 0, placed, left, line);
  line.insert(line.end(), left.begin(), left.end());
  return line;
}

// Divides a line into fills, layer by layer.
class Divider {
 public:
  Divider(const Parts& parts, int32_t part, std::vector<Fill>& fills)
      : parts_(parts), part_(part), demand_(parts.all[static_cast<size_t>(part)].demand), fills_(fills) {}

  void Divide(const Line& line, size_t layer, const Scope& scope) {
    const auto size = static_cast<size_t>(demand_.slices[layer].size);
    std::vector<size_t> whole;
    for (size_t begin = 0; begin < line.size(); begin += size) {
      const Line slice(line.begin() + static_cast<std::ptrdiff_t>(begin),
                       line.begin() + static_cast<std::ptrdiff_t>(std::min(begin + size, line.size())));
      std::vector<size_t> waiting;
      std::vector<int32_t> places;
      for (const size_t m : slice) {
        if (m == kNobody) continue;
        if (HasPlace(parts_, m)) {
          places.push_back(parts_.members[m].node);
        } else {
          waiting.push_back(m);
        }
      }
      if (waiting.empty()) continue;
      if (!places.empty()) {
        Complete(slice, waiting, places, layer, scope);
      } else if (waiting.size() == size) {
        whole.insert(whole.end(), waiting.begin(), waiting.end());
      } else {
        Add(waiting, layer, scope, false, true);
      }
    }
    Add(whole, layer, scope, layer > 0, false);
  }

 private:
  // A slice of which members have a place: the others follow them.
  void Complete(const Line& slice, const std::vector<size_t>& waiting, const std::vector<int32_t>& places,
                size_t layer, const Scope& scope) {
    const DomainId domain = DomainOfMost(*demand_.tree, demand_.slices[layer].level, places);
    if (domain == kNoDomain || !IsWithin(*demand_.tree, domain, scope)) {
      Add(waiting, layer, scope, true, false);
      fills_.back().nowhere = true;
      return;
    }
    const Scope within = scope.NarrowedTo(*demand_.tree, domain);
    if (layer + 1 < demand_.slices.size()) {
      Divide(slice, layer + 1, within);
    } else {
      Add(waiting, layer + 1, within, true, false);
    }
  }

  void Add(const std::vector<size_t>& members, size_t layer, const Scope& scope, bool broken, bool partial) {
    if (members.empty()) return;
    Fill fill{.part = part_,
              .cls = parts_.members[members.front()].cls,
              .scope = scope,
              .layers = {demand_.slices.begin() + static_cast<std::ptrdiff_t>(layer), demand_.slices.end()},
              .broken = broken,
              .partial = partial,
              .members = members};
    fills_.push_back(std::move(fill));
  }

  const Parts& parts_;
  const int32_t part_;
  const Demand& demand_;
  std::vector<Fill>& fills_;
};

}  // namespace

std::vector<Fill> MakeFills(const Parts& parts, int32_t p, const std::vector<size_t>& waiting,
                            const Scope& scope) {
  const Part& part = parts.all[static_cast<size_t>(p)];
  std::vector<Fill> fills;
  if (waiting.empty()) return fills;
  if (part.demand.slices.empty()) {
    for (const size_t m : waiting) {
      const auto at = std::find_if(fills.begin(), fills.end(),
                                   [&](const Fill& fill) { return fill.cls == parts.members[m].cls; });
      if (at != fills.end()) {
        at->members.push_back(m);
      } else {
        fills.push_back({.part = p, .cls = parts.members[m].cls, .scope = scope, .members = {m}});
      }
    }
    std::stable_sort(fills.begin(), fills.end(), [](const Fill& a, const Fill& b) { return a.cls < b.cls; });
    return fills;
  }
  Divider(parts, p, fills).Divide(SliceLine(parts, p, waiting), 0, scope);
  const auto order = [](const Fill& fill) { return fill.broken ? 0 : fill.partial ? 2 : 1; };
  std::stable_sort(fills.begin(), fills.end(),
                   [&](const Fill& a, const Fill& b) { return order(a) < order(b); });
  return fills;
}

std::vector<size_t> SliceLine(const Parts& parts, int32_t p, const std::vector<size_t>& waiting) {
  const Part& part = parts.all[static_cast<size_t>(p)];
  Line line = LineByRank(parts, part, {waiting.begin(), waiting.end()});
  return line.empty() ? LineByPlace(parts, part, waiting) : line;
}

std::vector<DomainId> DomainsOfMost(const DomainTree& tree, size_t level, const std::vector<int32_t>& nodes) {
  std::map<DomainId, int64_t> count;
  int64_t most = 0;
  for (const int32_t n : nodes) {
    if (n < 0) continue;
    const DomainId domain = tree.DomainOf(n, level);
    if (domain != kNoDomain) most = std::max(most, ++count[domain]);
  }
  std::vector<DomainId> domains;
  for (const auto& [domain, there] : count) {
    if (there == most) domains.push_back(domain);
  }
  return domains;
}

DomainId DomainOfMost(const DomainTree& tree, size_t level, const std::vector<int32_t>& nodes) {
  const std::vector<DomainId> domains = DomainsOfMost(tree, level, nodes);
  return domains.empty() ? kNoDomain : domains.front();
}

}  // namespace muster
