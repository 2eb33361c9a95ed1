// SPDX-License-Identifier: Apache-2.0
#include "scheduling/gpu/gpu_labels.h"

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace muster {
namespace {

// More than any node has of devices, and than any device has of sharers or MiB.
constexpr int64_t kMostDevices = 1'024;
constexpr int64_t kMostReplicas = 1'024;
constexpr int64_t kMostMemoryMib = int64_t{4} << 20;

class Reader {
 public:
  Reader(const Labels& labels, std::vector<GpuProblem>& problems) : labels_(labels), problems_(problems) {}

  std::string Text(absl::string_view key) const {
    const auto at = labels_.find(key);
    return at == labels_.end() ? "" : at->second;
  }
  bool Says(absl::string_view key, absl::string_view value) const { return Text(key) == value; }

  std::optional<int64_t> Number(absl::string_view key, int64_t most) {
    const std::string text = Text(key);
    if (text.empty()) return std::nullopt;
    int64_t number = 0;
    if (absl::SimpleAtoi(text, &number) && number >= 0 && number <= most) return number;
    problems_.push_back({GpuProblem::Kind::kUnreadable,
                         absl::StrCat("label ", key, " is \"", text.substr(0, 40), "\"; want 0 to ", most)});
    return std::nullopt;
  }

 private:
  const Labels& labels_;
  std::vector<GpuProblem>& problems_;
};

// Takes the product apart as GPU Feature Discovery puts it together:
// <product>[-MIG-<profile>][-SHARED].
void ReadProduct(absl::string_view text, GpuLabels& read) {
  read.marked_shared = absl::ConsumeSuffix(&text, "-SHARED");
  const size_t mig = text.find("-MIG-");
  if (mig != absl::string_view::npos) read.profile = std::string(text.substr(mig + 5));
  read.product = std::string(text.substr(0, mig));
}

void ReadDiscovery(Reader& reader, GpuLabels& read) {
  ReadProduct(reader.Text("nvidia.com/gpu.product"), read);
  read.count = reader.Number("nvidia.com/gpu.count", kMostDevices);
  read.replicas = reader.Number("nvidia.com/gpu.replicas", kMostReplicas);
  read.memory_mib = reader.Number("nvidia.com/gpu.memory", kMostMemoryMib);
  const std::string sharing = reader.Text("nvidia.com/gpu.sharing-strategy");
  read.shares = !sharing.empty() && sharing != "none";
  read.is_virtual = reader.Says("nvidia.com/vgpu.present", "true");
  read.family = reader.Text("nvidia.com/gpu.family");
  read.clique = reader.Text("nvidia.com/gpu.clique");
  const std::string strategy = reader.Text("nvidia.com/mig.strategy");
  if (strategy == "mixed") read.mig = GpuLabels::MigStrategy::kMixed;
  if (strategy == "single" && !read.profile.empty()) read.mig = GpuLabels::MigStrategy::kSingle;
}

// GKE cuts every GPU of a node alike and keeps the resource's name.
void ReadGke(Reader& reader, GpuLabels& read) {
  if (read.product.empty()) read.product = reader.Text("cloud.google.com/gke-accelerator");
  if (const std::string partition = reader.Text("cloud.google.com/gke-gpu-partition-size");
      !partition.empty() && read.profile.empty()) {
    read.profile = partition;
    read.mig = GpuLabels::MigStrategy::kSingle;
  }
  if (reader.Text("cloud.google.com/gke-gpu-sharing-strategy").empty()) return;
  read.shares = true;
  // Where the device plugin says it too, its number counts.
  const auto clients = reader.Number("cloud.google.com/gke-max-shared-clients-per-gpu", kMostReplicas);
  if (read.replicas.value_or(0) < 2) read.replicas = clients;
}

void ReadKarpenter(Reader& reader, GpuLabels& read) {
  if (!reader.Says("karpenter.k8s.aws/instance-gpu-manufacturer", "nvidia")) return;
  if (read.product.empty()) read.product = reader.Text("karpenter.k8s.aws/instance-gpu-name");
  // What an instance type has, before any of it is cut or shared.
  if (read.mig == GpuLabels::MigStrategy::kNone && !read.count.has_value()) {
    read.count = reader.Number("karpenter.k8s.aws/instance-gpu-count", kMostDevices);
  }
  if (read.mig == GpuLabels::MigStrategy::kNone && !read.memory_mib.has_value()) {
    read.memory_mib = reader.Number("karpenter.k8s.aws/instance-gpu-memory", kMostMemoryMib);
  }
}

// While MIG is configured what the node offers is not what it will offer.
std::string OutOfUse(const Reader& reader) {
  const std::string state = reader.Text("nvidia.com/mig.config.state");
  if (!state.empty() && state != "success") return absl::StrCat("nvidia.com/mig.config.state is ", state);
  // Strategy single, and the GPUs are not all cut alike.
  if (absl::StrContains(reader.Text("nvidia.com/gpu.product"), "-MIG-INVALID")) {
    return "nvidia.com/gpu.product says MIG-INVALID";
  }
  const std::string plugin = reader.Text("nvidia.com/gpu.deploy.device-plugin");
  if (absl::StartsWith(plugin, "paused")) {
    return absl::StrCat("nvidia.com/gpu.deploy.device-plugin is ", plugin);
  }
  return "";
}

}  // namespace

GpuLabels ReadGpuLabels(const Labels& labels, std::vector<GpuProblem>& problems) {
  GpuLabels read;
  Reader reader(labels, problems);
  ReadDiscovery(reader, read);
  ReadGke(reader, read);
  ReadKarpenter(reader, read);
  read.out_of_use = OutOfUse(reader);
  return read;
}

std::optional<int64_t> ReadMigLabel(const Labels& labels, absl::string_view resource, absl::string_view what,
                                    std::vector<GpuProblem>& problems) {
  const int64_t most = what == "memory" ? kMostMemoryMib : kMostDevices;
  return Reader(labels, problems).Number(absl::StrCat(resource, ".", what), most);
}

}  // namespace muster
