// SPDX-License-Identifier: Apache-2.0
#include "scheduling/topology/hyper_node_tree.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <numeric>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "scheduling/topology/hyper_node_members.h"
#include "scheduling/topology/levels.h"

namespace muster {
namespace {

constexpr int32_t kNone = -1;
constexpr absl::string_view kCluster = "cluster";  // the domain above all HyperNodes

// Puts HyperNodes and nodes in their places. HyperNodes are known by their
// index in `objects`, tiers by their rank: 0 is the innermost.
class Builder {
 public:
  Builder(absl::Span<const TopologyObject* const> objects, absl::Span<const Node* const> nodes)
      : objects_(objects), nodes_(nodes) {
    for (size_t h = 0; h < objects.size(); ++h) by_name_.emplace(objects[h]->key.name, Number(h));
  }

  absl::StatusOr<HyperNodeTree> Build() {
    for (const auto& step : {&Builder::SetTiers, &Builder::SetParents, &Builder::SetPaths,
                             &Builder::PlaceNodes, &Builder::CheckNodes}) {
      if (absl::Status s = (this->*step)(); !s.ok()) return s;
    }
    return HyperNodeTree{DomainTree(std::move(levels_), nodes_.size(), DomainNames()), Missing()};
  }

 private:
  static int32_t Number(size_t index) { return static_cast<int32_t>(index); }
  const TopologyObject& object(int32_t h) const { return *objects_[static_cast<size_t>(h)]; }
  const HyperNode& hyper_node(int32_t h) const { return *object(h).hyper_node; }
  size_t rank(int32_t h) const { return rank_of_tier_.at(hyper_node(h).tier); }
  // The HyperNode that stands at a rank above (or at) h's own; kNone below.
  int32_t& path(int32_t h, size_t rank) { return paths_[static_cast<size_t>(h) * tiers() + rank]; }
  int32_t& place(size_t n, size_t rank) { return places_[n * tiers() + rank]; }
  size_t tiers() const { return rank_of_tier_.size(); }

  std::string Show(int32_t h) const {
    return absl::StrFormat("HyperNode %s of tier %d", Shortened(object(h).key.name), hyper_node(h).tier);
  }
  absl::Status Bad(int32_t h, absl::string_view what) const {
    return absl::InvalidArgumentError(absl::StrCat(Show(h), " ", what));
  }

  absl::Status SetTiers() {
    std::map<int64_t, int32_t> named;  // the first HyperNode that names the tier, or else the first at all
    for (int32_t h = 0; h < Number(objects_.size()); ++h) {
      if (!object(h).problem.empty()) {
        return absl::InvalidArgumentError(
            absl::StrCat("HyperNode ", Shortened(object(h).key.name), ": ", object(h).problem));
      }
      const auto [first, is_new] = named.try_emplace(hyper_node(h).tier, h);
      const std::string& name = hyper_node(h).tier_name;
      const std::string& other = hyper_node(first->second).tier_name;
      if (name.empty() || name == other) continue;
      if (!other.empty()) {
        return Bad(h, absl::StrFormat("has the tierName \"%s\", but %s \"%s\"", Shortened(name),
                                      Shortened(object(first->second).key.name), Shortened(other)));
      }
      first->second = h;
    }
    for (const auto& [tier, h] : named) {
      rank_of_tier_.emplace(tier, rank_of_tier_.size());
      const std::string& name = hyper_node(h).tier_name;
      levels_.insert(levels_.begin(), {name.empty() ? TierName(tier) : name, "", tier});
    }
    const absl::Status checked = CheckLevels(levels_);
    if (!checked.ok()) return absl::InvalidArgumentError(absl::StrCat("HyperNodes: ", checked.message()));
    const int64_t above = levels_.front().tier + 1;
    levels_.insert(levels_.begin(), {TierName(above), "", above});
    return CheckTierNames();
  }

  // Says so where a tier has the name that stands for another one.
  absl::Status CheckTierNames() const {
    for (const Level& level : levels_) {
      for (const Level& other : levels_) {
        if (level.tier == other.tier || level.name != TierName(other.tier)) continue;
        return absl::InvalidArgumentError(
            absl::StrFormat("HyperNodes of tier %d have the tierName \"%s\"", level.tier, level.name));
      }
    }
    return absl::OkStatus();
  }

  absl::Status SetParents() {
    parents_.assign(objects_.size(), kNone);
    for (int32_t h = 0; h < Number(objects_.size()); ++h) {
      for (const HyperNodeMember& member : hyper_node(h).members) {
        if (!member.is_hyper_node) continue;
        const auto found = by_name_.find(member.name);
        if (found == by_name_.end()) {
          Miss(h, "HyperNode", member.name);
          continue;
        }
        if (hyper_node(found->second).tier >= hyper_node(h).tier) {
          return Bad(h, absl::StrCat("has the member ", Show(found->second), "; want one of an inner tier"));
        }
        int32_t& parent = parents_[static_cast<size_t>(found->second)];
        if (parent != kNone && parent != h) {
          return Bad(found->second, absl::StrCat("is a member of both ", Show(parent), " and ", Show(h)));
        }
        parent = h;
      }
    }
    return absl::OkStatus();
  }

  absl::Status SetPaths() {
    paths_.assign(objects_.size() * tiers(), kNone);
    std::vector<int32_t> outer_first(objects_.size());
    std::iota(outer_first.begin(), outer_first.end(), 0);
    std::stable_sort(outer_first.begin(), outer_first.end(),
                     [&](int32_t a, int32_t b) { return hyper_node(a).tier > hyper_node(b).tier; });
    for (const int32_t h : outer_first) {
      const int32_t parent = parents_[static_cast<size_t>(h)];
      for (size_t r = rank(h); r < tiers(); ++r) {
        const int32_t above = parent == kNone ? kNone : path(parent, r);
        path(h, r) = above == kNone ? h : above;
      }
    }
    return absl::OkStatus();
  }

  // What each node is a member of itself, at most one HyperNode of each tier.
  absl::Status PlaceNodes() {
    places_.assign(nodes_.size() * tiers(), kNone);
    HyperNodeMembers find(nodes_);
    for (int32_t h = 0; h < Number(objects_.size()); ++h) {
      for (const HyperNodeMember& member : hyper_node(h).members) {
        if (member.is_hyper_node) continue;
        const absl::StatusOr<std::vector<int32_t>> found = find.NodesOf(member);
        if (!found.ok()) {
          return absl::Status(found.status().code(), absl::StrCat(Show(h), ": ", found.status().message()));
        }
        if (found->empty() && !member.name.empty()) Miss(h, "node", member.name);
        for (const int32_t n : *found) {
          int32_t& here = place(static_cast<size_t>(n), rank(h));
          if (here != kNone && here != h) return InTwo(static_cast<size_t>(n), here, h);
          here = h;
        }
      }
    }
    return absl::OkStatus();
  }

  // A node's HyperNodes are within each other.
  absl::Status CheckNodes() {
    for (size_t n = 0; n < nodes_.size(); ++n) {
      int32_t innermost = kNone;
      for (size_t r = 0; r < tiers(); ++r) {
        const int32_t here = place(n, r);
        if (here == kNone) continue;
        if (innermost == kNone) innermost = here;
        if (path(innermost, r) != here) return InTwo(n, innermost, here);
      }
    }
    return absl::OkStatus();
  }

  absl::Status InTwo(size_t n, int32_t a, int32_t b) const {
    return absl::InvalidArgumentError(
        absl::StrFormat("node %s is in both %s and %s, which are not within each other",
                        Shortened(nodes_[n]->name.text()), Show(a), Show(b)));
  }

  std::vector<absl::string_view> DomainNames() {
    const size_t levels = tiers() + 1;
    std::vector<absl::string_view> names(nodes_.size() * levels);
    for (size_t n = 0; n < nodes_.size(); ++n) {
      names[n * levels] = kCluster;
      int32_t innermost = kNone;
      for (size_t r = 0; r < tiers() && innermost == kNone; ++r) innermost = place(n, r);
      if (innermost == kNone) continue;
      for (size_t r = rank(innermost); r < tiers(); ++r) {
        names[n * levels + tiers() - r] = object(path(innermost, r)).key.name;
      }
    }
    return names;
  }

  void Miss(int32_t h, absl::string_view kind, absl::string_view name) {
    if (++missing_ == 1) first_missing_ = absl::StrFormat("%s %s of %s", kind, Shortened(name), Show(h));
  }
  std::string Missing() const {
    return missing_ == 0 ? ""
                         : absl::StrFormat("%d members do not exist, such as %s", missing_, first_missing_);
  }

  const absl::Span<const TopologyObject* const> objects_;
  const absl::Span<const Node* const> nodes_;
  absl::flat_hash_map<absl::string_view, int32_t> by_name_;
  std::map<int64_t, size_t> rank_of_tier_;
  std::vector<Level> levels_;     // outermost first
  std::vector<int32_t> parents_;  // by HyperNode
  std::vector<int32_t> paths_;    // HyperNodes x tiers
  std::vector<int32_t> places_;   // nodes x tiers
  int64_t missing_ = 0;
  std::string first_missing_;
};

}  // namespace

absl::StatusOr<HyperNodeTree> BuildHyperNodeTree(absl::Span<const TopologyObject* const> objects,
                                                 absl::Span<const Node* const> nodes) {
  return Builder(objects, nodes).Build();
}

}  // namespace muster
