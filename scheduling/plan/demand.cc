// SPDX-License-Identifier: Apache-2.0
#include "scheduling/plan/demand.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "scheduling/topology/levels.h"

namespace muster {
namespace {

// The texts of all levels that `demand` mentions.
std::vector<std::string> LevelTexts(const TopologyDemand& demand) {
  std::vector<std::string> texts = {demand.required, demand.preferred, demand.exclusive, demand.spread};
  for (const SliceDemand& slice : demand.slices) texts.push_back(slice.level);
  std::erase(texts, "");
  return texts;
}

bool HasAll(const DomainTree& tree, const std::vector<std::string>& texts) {
  return std::all_of(texts.begin(), texts.end(),
                     [&](const std::string& text) { return FindLevel(tree.levels(), text).ok(); });
}

// Whether only the host is meant, and the tree leaves out hosts whose nodes lack
// the label of a level around them.
bool MeansHostsAlone(const DomainTree& tree, const std::vector<std::string>& texts) {
  const size_t innermost = tree.levels().size() - 1;
  return tree.levels()[innermost].key == kHostnameLabel && tree.NodesOutside(innermost) > 0 &&
         std::all_of(texts.begin(), texts.end(),
                     [&](const std::string& text) { return *FindLevel(tree.levels(), text) == innermost; });
}

const DomainTree* TreeWithAll(const Topologies& topologies, const std::string& name,
                              const std::vector<std::string>& texts) {
  for (const Topology& topology : topologies.all) {
    if (!name.empty() && topology.key.name != name) continue;
    if (!HasAll(topology.tree, texts)) continue;
    const bool hosts = topologies.hosts.has_value() && MeansHostsAlone(topology.tree, texts);
    return hosts ? &*topologies.hosts : &topology.tree;
  }
  return nullptr;
}

absl::Status WhyNoTree(const Topologies& topologies, const std::string& name,
                       const std::vector<std::string>& texts) {
  for (const std::string& text : texts) {
    if (const auto level = FindLevel(topologies, name, text); !level.ok()) return level.status();
  }
  std::string wanted;  // the first two that are in no topology together; if any two are, all of them
  for (size_t i = 0; i < texts.size(); ++i) {
    for (size_t j = i + 1; j < texts.size(); ++j) {
      if (TreeWithAll(topologies, name, {texts[i], texts[j]}) != nullptr) continue;
      return absl::NotFoundError(absl::StrFormat("no topology has both a level %s and a level %s",
                                                 Shortened(texts[i]), Shortened(texts[j])));
    }
    absl::StrAppend(&wanted, i == 0 ? "" : ", ", Shortened(texts[i]));
  }
  return absl::NotFoundError(absl::StrCat("no topology has all the levels ", wanted));
}

absl::Status CheckSlices(const Demand& demand) {
  const auto name = [&](size_t level) { return Shortened(demand.tree->levels()[level].name); };
  for (size_t i = 0; i < demand.slices.size(); ++i) {
    const SliceLayer& layer = demand.slices[i];
    if (demand.required.has_value() && layer.level < *demand.required) {
      return absl::InvalidArgumentError(absl::StrFormat("slices of level %s are above the required level, %s",
                                                        name(layer.level), name(*demand.required)));
    }
    if (i == 0) continue;
    const SliceLayer& outer = demand.slices[i - 1];
    if (layer.level <= outer.level) {
      return absl::InvalidArgumentError(absl::StrFormat("slices of level %s are not within level %s",
                                                        name(layer.level), name(outer.level)));
    }
    if (outer.size % layer.size != 0) {
      return absl::InvalidArgumentError(
          absl::StrFormat("slices of %d members can't be divided into %d", outer.size, layer.size));
    }
  }
  if (!demand.slices.empty() && demand.spread.has_value()) {
    return absl::InvalidArgumentError("it asks for slices and for a spread of the same members");
  }
  return absl::OkStatus();
}

}  // namespace

std::optional<size_t> Demand::InnermostNeeded() const {
  std::optional<size_t> innermost;
  const auto need = [&](std::optional<size_t> level) {
    if (level.has_value()) innermost = std::max(innermost.value_or(0), *level);
  };
  need(required);
  need(exclusive);
  need(spread);
  if (!slices.empty()) need(slices.back().level);
  return innermost;
}

namespace {

absl::StatusOr<Demand> Find(const TopologyDemand& asked, const Topologies& topologies) {
  TopologyDemand demand = asked;
  if (demand.preferred_if_known && !FindLevel(topologies, demand.topology, demand.preferred).ok()) {
    demand.preferred.clear();
  }
  const std::vector<std::string> texts = LevelTexts(demand);
  if (texts.empty()) return Demand{};
  Demand found;
  found.tree = TreeWithAll(topologies, demand.topology, texts);
  if (found.tree == nullptr) return WhyNoTree(topologies, demand.topology, texts);
  const auto level = [&](const std::string& text) {
    return text.empty() ? std::nullopt : std::optional<size_t>(*FindLevel(found.tree->levels(), text));
  };
  found.required = level(demand.required);
  found.preferred = level(demand.preferred);
  found.exclusive = level(demand.exclusive);
  found.spread = level(demand.spread);
  for (const SliceDemand& slice : demand.slices) found.slices.push_back({*level(slice.level), slice.size});
  // What must be is stronger than what were nice to have.
  if (found.required.has_value() && found.preferred.value_or(*found.required + 1) <= *found.required) {
    found.preferred.reset();
  }
  if (absl::Status s = CheckSlices(found); !s.ok()) return s;
  return found;
}

}  // namespace

absl::StatusOr<Demand> FindDemand(const TopologyDemand& asked, const Topologies& topologies) {
  absl::StatusOr<Demand> found = Find(asked, topologies);
  if (found.ok() || asked.said_by.fields.empty()) return found;
  return absl::Status(found.status().code(), absl::StrCat(found.status().message(), "; that is asked for by ",
                                                          asked.said_by.fields));
}

}  // namespace muster
