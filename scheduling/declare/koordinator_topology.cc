// SPDX-License-Identifier: Apache-2.0
// Koordinator's ClusterNetworkTopology: layers, each with the layer above it
// and the label of its domains.
//
// Source: github.com/koordinator-sh/koordinator v1.8.0 (checked), apis/scheduling/v1alpha1,
//         cluster_network_topology_types.go: spec.networkTopologySpec[].
//         {topologyLayer,parentTopologyLayer,labelKey[]}. ClusterTopologyLayer and
//         NodeTopologyLayer are built in: all nodes, and each of them.
#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "scheduling/declare/object_fields.h"
#include "scheduling/declare/topology_kind.h"

namespace muster::declare {
namespace {

constexpr absl::string_view kCluster = "ClusterTopologyLayer";
constexpr absl::string_view kNode = "NodeTopologyLayer";
constexpr absl::string_view kHostname = "kubernetes.io/hostname";

struct Layer {
  std::string name;
  std::string parent;  // empty: the outermost
  std::string label;
};

Layer ReadLayer(const ObjectFields& fields) {
  Layer layer;
  layer.name = fields.NeededText("topologyLayer");
  layer.parent = fields.Text("parentTopologyLayer");
  if (layer.parent == kCluster) layer.parent = "";
  size_t labels = 0;
  fields.ForEach("labelKey", [&](const ObjectFields& label) {
    layer.label = label.OwnText();
    ++labels;
  });
  if (labels == 0 && layer.name == kNode) {
    layer.label = std::string(kHostname);
  } else if (labels != 1 || layer.label.empty()) {
    // Koordinator takes any of several labels; a level here has one.
    fields.Reject("labelKey", "a list of one label");
  }
  return layer;
}

// Puts the layers into order, each within its parent; they are one chain.
void Chain(const std::vector<Layer>& layers, const ObjectFields& spec, TopologyObject& into) {
  std::string above;
  while (into.levels.size() < layers.size()) {
    const auto is_next = [&](const Layer& layer) { return layer.parent == above; };
    const auto next = std::find_if(layers.begin(), layers.end(), is_next);
    if (next == layers.end() || std::count_if(layers.begin(), layers.end(), is_next) > 1) {
      return spec.Reject(
          "networkTopologySpec",
          absl::StrCat("one layer within ", above.empty() ? kCluster : absl::string_view(above)));
    }
    into.levels.push_back({next->name, next->label});
    above = next->name;
  }
}

class Koordinator : public TopologyKind {
  CustomResource object() const override {
    return {"scheduling.koordinator.sh", {"v1alpha1"}, "clusternetworktopologies", "ClusterNetworkTopology"};
  }
  void Read(const nlohmann::json& object, TopologyObject& into) const override {
    const ObjectFields spec = ObjectFields(object, into.problem).At("spec");
    std::vector<Layer> layers;
    spec.ForEach("networkTopologySpec",
                 [&](const ObjectFields& layer) { layers.push_back(ReadLayer(layer)); });
    std::erase_if(layers, [](const Layer& layer) { return layer.name == kCluster; });
    if (layers.empty()) spec.Reject("networkTopologySpec", "a list of layers");
    if (into.problem.empty()) Chain(layers, spec, into);
  }
};

}  // namespace

const TopologyKind& KoordinatorTopology() {
  static const Koordinator kind;
  return kind;
}

}  // namespace muster::declare
