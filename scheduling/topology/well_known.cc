// SPDX-License-Identifier: Apache-2.0
#include "scheduling/topology/well_known.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "scheduling/topology/levels.h"

namespace muster {
namespace {

// How a row stands for a family of keys that end in a number.
enum class Numbered { kNo, kOutermostFirst, kInnermostFirst };

struct Row {
  absl::string_view family;
  absl::string_view name;
  absl::string_view key;  // or what the number is appended to
  Numbered numbered = Numbered::kNo;
};

constexpr absl::string_view kGeneric = "kubernetes";

// Labels that say where a node is. Within a family the outermost level is
// first, and rows of one name are alternatives.
//
// Sources, as of August 2026:
//   kubernetes  k8s.io/api 1.37 core/v1 well_known_labels.go; rack is a
//               convention only (KEP-4962 was not adopted)
//   topograph   NVIDIA topograph, docs of its k8s engine: tier-0 is the closest;
//               network.topology.nvidia.com/* in releases before 1.0
//   aws         cloud-provider-aws, instance topology labels: the layer with
//               the highest number is the closest to the host
//   gcp         GKE, topology labels of GPU nodes; a sub-block of A4X is one NVL72
//   oci         OKE, labels of RDMA cluster networks
//   coreweave   CKS node labels
//   convention  Kueue 0.20 and KAI 0.17, examples of Topology
//   volcano     Volcano 1.16, labels in the examples of HyperNode discovery
//   nvlink      GPU Feature Discovery: gpu.clique is domain and partition;
//               CoreWeave, topograph and SageMaker HyperPod say the same
//   placement   Karpenter for AWS of April 2026; GKE compact placement
//   azure       AKS; proximity groups have no label, but belong to a node pool
constexpr std::array kRows = {
    Row{kGeneric, "region", "topology.kubernetes.io/region"},
    Row{kGeneric, "zone", "topology.kubernetes.io/zone"},
    Row{kGeneric, "rack", "topology.kubernetes.io/rack"},
    Row{kGeneric, "host", kHostnameLabel},
    Row{"topograph", "tier", "fabric.topograph.run/tier-", Numbered::kInnermostFirst},
    Row{"topograph-network", "datacenter", "network.topology.nvidia.com/datacenter"},
    Row{"topograph-network", "core", "network.topology.nvidia.com/core"},
    Row{"topograph-network", "spine", "network.topology.nvidia.com/spine"},
    Row{"topograph-network", "block", "network.topology.nvidia.com/block"},
    Row{"topograph-network", "leaf", "network.topology.nvidia.com/leaf"},
    Row{"aws", "layer", "topology.k8s.aws/network-node-layer-", Numbered::kOutermostFirst},
    Row{"gcp", "block", "cloud.google.com/gce-topology-block"},
    Row{"gcp", "sub-block", "cloud.google.com/gce-topology-subblock"},
    Row{"gcp", "machine", "cloud.google.com/gce-topology-host"},
    Row{"oci", "island", "oci.oraclecloud.com/rdma.hpc_island_id"},
    Row{"oci", "block", "oci.oraclecloud.com/rdma.network_block_id"},
    Row{"oci", "block", "oci.oraclecloud.com/host.network_block_id"},
    Row{"oci", "sub-block", "oci.oraclecloud.com/rdma.local_block_id"},
    Row{"oci", "rack", "oci.oraclecloud.com/host.rack_id"},
    Row{"coreweave", "fabric", "backend.coreweave.cloud/fabric"},
    Row{"coreweave", "fabric", "ib.coreweave.cloud/fabric"},
    Row{"coreweave", "superpod", "ib.coreweave.cloud/superpod"},
    Row{"coreweave", "leaf", "backend.coreweave.cloud/leafgroup"},
    Row{"coreweave", "leaf", "ib.coreweave.cloud/leafgroup"},
    Row{"coreweave", "rack", "node.coreweave.cloud/rack"},
    Row{"convention", "block", "cloud.provider.com/topology-block"},
    Row{"convention", "rack", "cloud.provider.com/topology-rack"},
    Row{"convention", "machine", "cloud.provider.com/topology-host"},
    Row{"volcano", "hypercluster", "volcano.sh/hypercluster"},
    Row{"volcano", "hypernode", "volcano.sh/hypernode"},
    Row{"volcano", "tor", "volcano.sh/tor"},
    Row{"nvlink", "nvlink", "nvidia.com/gpu.clique"},
    Row{"nvlink", "nvlink", "accelerator.topograph.run/domain"},
    Row{"nvlink", "nvlink", "network.topology.nvidia.com/accelerator"},
    Row{"nvlink", "nvlink", "ds.coreweave.com/nvlink.domain"},
    Row{"nvlink", "nvlink", "topology.k8s.aws/ultraserver-id"},
    Row{"nvlink", "nvlink-partition", "accelerator.topograph.run/sub-domain"},
    Row{"placement", "placement-group", "karpenter.k8s.aws/placement-group-id"},
    Row{"placement", "placement-group", "cloud.google.com/gke-placement-group"},
    Row{"placement", "placement-group", "cloud.google.com/placement-policy-name"},
    Row{"placement", "partition", "karpenter.k8s.aws/placement-group-partition"},
    Row{"azure", "node-pool", "kubernetes.azure.com/agentpool"},
};

// Words that users have for a level, and the one that the table has.
constexpr std::array<std::pair<absl::string_view, absl::string_view>, 8> kOtherNames = {{
    {"hostname", "host"},
    {"node", "host"},
    {"availability-zone", "zone"},
    {"subblock", "sub-block"},
    {"clique", "nvlink"},
    {"nvlink-domain", "nvlink"},
    {"accelerator", "nvlink"},
    {"pg", "placement-group"},
}};

// The number at the end of `key` where it is `row`'s beginning and a number.
std::optional<int> NumberOf(const Row& row, absl::string_view key) {
  int number = 0;
  if (row.numbered == Numbered::kNo || !absl::StartsWith(key, row.key)) return std::nullopt;
  const absl::string_view digits = key.substr(row.key.size());
  // Only as it would be written again: tier-07 is another label than tier-7.
  if (!absl::SimpleAtoi(digits, &number) || absl::StrCat(number) != digits || number < 0) return std::nullopt;
  return number;
}

// On how many nodes each label is that the table knows.
class Census {
 public:
  explicit Census(absl::Span<const Node* const> nodes) {
    absl::flat_hash_map<absl::string_view, size_t> row_of;
    for (size_t r = 0; r < kRows.size(); ++r) {
      if (kRows[r].numbered == Numbered::kNo) row_of.emplace(kRows[r].key, r);
    }
    for (const Node* node : nodes) {
      for (const auto& [key, value] : node->labels) {
        if (value.empty()) continue;
        if (const auto row = row_of.find(key); row != row_of.end()) {
          ++exact_[row->second];
        } else {
          CountNumbered(key);
        }
      }
    }
  }

  int64_t nodes(size_t row) const { return exact_[row]; }
  // By number.
  const std::map<int, int64_t>& numbered(size_t row) const { return numbered_[row]; }

 private:
  void CountNumbered(absl::string_view key) {
    for (size_t r = 0; r < kRows.size(); ++r) {
      if (const auto number = NumberOf(kRows[r], key)) ++numbered_[r][*number];
    }
  }

  std::array<int64_t, kRows.size()> exact_ = {};
  std::array<std::map<int, int64_t>, kRows.size()> numbered_;
};

struct FamilyLevels {
  absl::string_view family;
  std::vector<Level> levels;
  int64_t nodes = 0;  // that have a label of the family's own
};

void AddNumbered(size_t r, const Census& census, FamilyLevels& family) {
  const Row& row = kRows[r];
  const size_t first = family.levels.size();
  for (const auto& [number, nodes] : census.numbered(r)) {
    family.levels.push_back({absl::StrCat(row.name, "-", number), absl::StrCat(row.key, number)});
    family.nodes = std::max(family.nodes, nodes);
  }
  if (row.numbered == Numbered::kInnermostFirst) {
    std::reverse(family.levels.begin() + static_cast<std::ptrdiff_t>(first), family.levels.end());
  }
}

// Adds the level of row r, if any node has it and no alternative is on more.
void AddExact(size_t r, const Census& census, FamilyLevels& family) {
  const Row& row = kRows[r];
  if (census.nodes(r) == 0) return;
  for (size_t other = 0; other < kRows.size(); ++other) {
    if (kRows[other].family != row.family || kRows[other].name != row.name) continue;
    if (census.nodes(other) > census.nodes(r) || (census.nodes(other) == census.nodes(r) && other < r))
      return;
  }
  family.levels.push_back({std::string(row.name), std::string(row.key)});
}

FamilyLevels LevelsOf(absl::string_view name, const Census& census) {
  FamilyLevels family{name, {}, 0};
  const auto add = [&](auto wanted) {
    for (size_t r = 0; r < kRows.size(); ++r) {
      if (!wanted(kRows[r])) continue;
      kRows[r].numbered == Numbered::kNo ? AddExact(r, census, family) : AddNumbered(r, census, family);
    }
  };
  const auto common = [](const Row& row) { return row.family == kGeneric && row.name != "rack"; };
  add([&](const Row& row) { return common(row) && row.name != "host"; });
  add([&](const Row& row) { return row.family == name && !common(row); });
  add([&](const Row& row) { return common(row) && row.name == "host"; });
  for (size_t r = 0; r < kRows.size(); ++r) {
    if (kRows[r].family == name && !common(kRows[r])) family.nodes = std::max(family.nodes, census.nodes(r));
  }
  return family;
}

// A family none of whose own labels is there is left out; but the generic one
// always says something.
std::vector<FamilyLevels> FamiliesOf(const Census& census) {
  std::vector<FamilyLevels> families;
  for (size_t r = 0; r < kRows.size(); ++r) {
    if (r > 0 && kRows[r].family == kRows[r - 1].family) continue;
    FamilyLevels family = LevelsOf(kRows[r].family, census);
    if (family.levels.empty() || (family.nodes == 0 && family.family != kGeneric)) continue;
    families.push_back(std::move(family));
  }
  std::stable_sort(families.begin(), families.end(),
                   [](const FamilyLevels& a, const FamilyLevels& b) { return a.nodes > b.nodes; });
  return families;
}

}  // namespace

Topologies WellKnownTopologies(absl::Span<const Node* const> nodes) {
  Topologies topologies;
  for (FamilyLevels& family : FamiliesOf(Census(nodes))) {
    TopologyKey key{std::string(kNodeLabels), std::string(family.family)};
    if (const absl::Status checked = CheckLevels(family.levels); !checked.ok()) {
      topologies.problems.push_back({std::move(key), std::string(checked.message())});
    } else {
      topologies.all.push_back({std::move(key), DomainTree::ByLabels(std::move(family.levels), nodes)});
    }
  }
  return topologies;
}

absl::string_view NameOfKey(absl::string_view key) {
  for (const Row& row : kRows) {
    if (row.numbered == Numbered::kNo && row.key == key) return row.name;
  }
  return "";
}

absl::string_view CommonName(absl::string_view text) {
  for (const auto& [other, name] : kOtherNames) {
    if (absl::EqualsIgnoreCase(other, text)) return name;
  }
  for (const Row& row : kRows) {
    if (row.numbered == Numbered::kNo && absl::EqualsIgnoreCase(row.name, text)) return row.name;
  }
  return "";
}

}  // namespace muster
