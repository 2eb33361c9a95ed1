// SPDX-License-Identifier: Apache-2.0
#include "scheduling/gpu/inventory.h"

#include <algorithm>
#include <cstdint>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "scheduling/gpu/gpu_labels.h"
#include "scheduling/gpu/mig_geometry.h"
#include "scheduling/gpu/mig_products.h"

namespace muster {
namespace {

constexpr absl::string_view kGpu = "nvidia.com/gpu";
constexpr absl::string_view kMigPrefix = "nvidia.com/mig-";
constexpr absl::string_view kSharedSuffix = ".shared";

// More devices, with all their replicas, than the device plugins of any node have.
constexpr int64_t kMostUnits = 8'192;

using Problem = GpuProblem::Kind;

// Puts one node's inventory together.
class Reader {
 public:
  Reader(const Labels& labels, const Resources& capacity, const Resources& allocatable,
         absl::Span<const std::string> unreadable)
      : labels_(labels),
        capacity_(capacity),
        allocatable_(allocatable),
        said_(ReadGpuLabels(labels, inventory_.problems)) {
    for (const auto& [resource, amount] : allocatable.scalars) Offer(resource);
    for (const std::string& resource : unreadable) {
      if (!IsGpuResource(resource)) continue;
      Offer(resource);
      Note(Problem::kUnreadable, absl::StrCat("the amount of ", resource, " is no quantity"));
    }
  }

  std::optional<GpuInventory> Read() && {
    if (resources_.empty() && said_.product.empty() && !said_.count.has_value()) return std::nullopt;
    inventory_.product = said_.product;
    inventory_.family = said_.family;
    inventory_.clique = said_.clique;
    for (const std::string& resource : resources_) AddPool(resource);
    FindMemory();
    FindGeometry();
    CompareWithCount();
    CheckPartition();
    inventory_.out_of_use = said_.out_of_use;
    if (!said_.out_of_use.empty()) Note(Problem::kOutOfUse, said_.out_of_use);
    return std::move(inventory_);
  }

 private:
  void Note(Problem kind, std::string text) { inventory_.problems.push_back({kind, std::move(text)}); }

  void Offer(absl::string_view resource) {
    if (IsGpuResource(resource)) resources_.emplace(resource);
  }

  // What pods may have of it: never more than the node has, and nothing of an
  // amount that can't be true.
  int64_t UsableUnits(const std::string& resource) {
    const int64_t units = allocatable_.Get(resource);
    if (units < 0 || units > kMostUnits) {
      Note(Problem::kUnreadable, absl::StrCat(resource, " is ", units, "; want 0 to ", kMostUnits));
      return 0;
    }
    const int64_t all = capacity_.Get(resource);
    if (capacity_.scalars.empty() || units <= all) return units;
    Note(Problem::kFewerUnits, absl::StrCat(resource, ": allocatable ", units, ", but capacity ", all));
    return std::max<int64_t>(all, 0);
  }

  void AddPool(const std::string& resource) {
    GpuPool pool{.resource = resource, .kind = GpuPool::Kind::kPlain, .units = UsableUnits(resource)};
    if (IsNvidiaGpuResource(resource)) {
      absl::string_view bare = resource;
      const bool renamed = absl::ConsumeSuffix(&bare, kSharedSuffix);
      if (absl::StartsWith(bare, kMigPrefix)) {
        DescribeMig(bare, renamed, pool);
      } else {
        DescribeGpu(renamed, pool);
      }
    }
    inventory_.pools.push_back(std::move(pool));
  }

  static int64_t Sharers(bool shares, int64_t replicas) {
    // One that is shared by nobody knows how many is for two at least.
    return shares ? std::max<int64_t>(replicas, 2) : 1;
  }

  void DescribeGpu(bool renamed, GpuPool& pool) {
    const int64_t replicas = said_.replicas.value_or(0);
    // Beside renamed replicas those of the old name are whole.
    const bool elsewhere = !renamed && allocatable_.Get(absl::StrCat(kGpu, kSharedSuffix)) > 0;
    const bool shares = renamed || (!elsewhere && (said_.marked_shared || (said_.shares && replicas > 1)));
    pool.sharers = Sharers(shares, replicas);
    pool.kind = said_.is_virtual ? GpuPool::Kind::kVirtual : GpuPool::Kind::kWhole;
    if (said_.mig == GpuLabels::MigStrategy::kSingle) {
      pool.kind = GpuPool::Kind::kMig;
      pool.profile = absl::StrReplaceAll(said_.profile, {{"+", "."}});
    }
    pool.memory_mib = said_.memory_mib.value_or(0) / pool.sharers;
  }

  void DescribeMig(absl::string_view resource, bool renamed, GpuPool& pool) {
    const int64_t replicas = ReadMigLabel(labels_, resource, "replicas", inventory_.problems).value_or(0);
    const auto sharing = labels_.find(absl::StrCat(resource, ".sharing-strategy"));
    const bool named = sharing != labels_.end() && sharing->second != "none";
    const auto product = labels_.find(absl::StrCat(resource, ".product"));
    const bool marked = product != labels_.end() && absl::EndsWith(product->second, "-SHARED");
    pool.kind = GpuPool::Kind::kMig;
    pool.profile = std::string(absl::StripPrefix(resource, kMigPrefix));
    pool.sharers = Sharers(renamed || marked || (named && replicas > 1), replicas);
    pool.memory_mib =
        ReadMigLabel(labels_, resource, "memory", inventory_.problems).value_or(0) / pool.sharers;
    const auto count = ReadMigLabel(labels_, resource, "count", inventory_.problems);
    if (count.has_value()) Compare(absl::StrCat(resource, ".count"), *count, pool);
  }

  // Strategy single gives the memory of an instance, and no other label that of
  // the GPU.
  void FindMemory() {
    if (said_.mig != GpuLabels::MigStrategy::kSingle) inventory_.memory_mib = said_.memory_mib.value_or(0);
    if (inventory_.memory_mib != 0) return;
    const int64_t stated = StatedGpuMemoryMib(said_.product);
    inventory_.memory_mib = stated;
    for (GpuPool& pool : inventory_.pools) {
      const bool whole = pool.kind == GpuPool::Kind::kWhole && pool.memory_mib == 0;
      if (whole) pool.memory_mib = stated / pool.sharers;
    }
  }

  void FindGeometry() {
    if (said_.is_virtual) return;
    const int64_t memory = said_.mig == GpuLabels::MigStrategy::kSingle ? 0 : said_.memory_mib.value_or(0);
    const MigGeometry* geometry = MigGeometryOf(said_.product, memory);
    if (geometry != nullptr) inventory_.mig_geometry = geometry->name();
    for (const GpuPool& pool : inventory_.pools) {
      if (pool.kind != GpuPool::Kind::kMig || pool.units == 0) continue;
      if (geometry == nullptr) {
        Note(Problem::kUnknownProduct,
             absl::StrCat("how ", said_.product.empty() ? "a GPU without a product" : said_.product,
                          " is cut into ", pool.profile, " is not known"));
      } else if (geometry->FindProfile(pool.profile) < 0) {
        Note(Problem::kUnknownProfile, absl::StrCat(geometry->name(), " has no profile ", pool.profile));
        inventory_.mig_geometry.clear();
      }
    }
  }

  void Compare(absl::string_view label, int64_t count, const GpuPool& pool) {
    const int64_t expected = count * pool.sharers;
    if (pool.units == expected) return;
    const bool fewer = pool.units < expected;
    Note(fewer ? Problem::kFewerUnits : Problem::kMoreUnits,
         absl::StrCat("label ", label, " is ", count,
                      pool.shared() ? absl::StrCat(", each for ", pool.sharers, " pods") : "", ", but ",
                      pool.resource, " is ", pool.units));
  }

  // With strategy mixed, a GPU that is cut is counted by the label as well.
  void CompareWithCount() {
    int64_t units = 0;  // devices of the pools of nvidia.com/gpu
    bool cut = false;
    const GpuPool* counted = nullptr;
    for (const GpuPool& pool : inventory_.pools) {
      if (!IsNvidiaGpuResource(pool.resource)) continue;
      if (absl::StartsWith(pool.resource, kMigPrefix)) {
        cut |= pool.units > 0;
        continue;
      }
      units += pool.units / pool.sharers;
      if (counted == nullptr || pool.units > 0) counted = &pool;
    }
    if (!said_.count.has_value()) return;
    if (said_.mig != GpuLabels::MigStrategy::kSingle) inventory_.gpus = *said_.count;
    if (counted == nullptr) return;
    if (units > *said_.count) inventory_.one_product = false;
    if (units > *said_.count || !cut) Compare("nvidia.com/gpu.count", *said_.count, *counted);
  }

  // Whether so many GPUs can have all these instances, by their memory slices.
  void CheckPartition() {
    const MigGeometry* geometry = FindMigGeometry(inventory_.mig_geometry);
    if (geometry == nullptr || inventory_.gpus == 0) return;
    int64_t slices = 0;
    bool cut = false;
    for (const GpuPool& pool : inventory_.pools) {
      const int64_t devices = pool.units / pool.sharers;
      if (pool.kind == GpuPool::Kind::kWhole) slices += devices * geometry->slices();
      if (pool.kind != GpuPool::Kind::kMig) continue;
      const MigProfile& profile = geometry->profiles()[geometry->FindProfile(pool.profile)];
      slices += devices * profile.size;
      cut = true;
      if (devices <= inventory_.gpus * profile.most) continue;
      return NoteImpossible(absl::StrCat(devices, " of ", profile.name));
    }
    if (cut && slices > inventory_.gpus * geometry->slices()) {
      NoteImpossible(absl::StrCat(slices, " memory slices"));
    }
  }

  void NoteImpossible(absl::string_view what) {
    Note(Problem::kImpossible, absl::StrCat(what, " are offered, more than ", inventory_.gpus, " GPUs of ",
                                            inventory_.mig_geometry, " have"));
    inventory_.mig_geometry.clear();
  }

  const Labels& labels_;
  const Resources& capacity_;
  const Resources& allocatable_;
  GpuInventory inventory_;
  const GpuLabels said_;
  std::set<std::string> resources_;
};

}  // namespace

bool IsNvidiaGpuResource(absl::string_view resource) {
  return resource == kGpu || resource == absl::StrCat(kGpu, kSharedSuffix) ||
         absl::StartsWith(resource, kMigPrefix);
}

bool IsGpuResource(absl::string_view resource) {
  return IsNvidiaGpuResource(resource) || resource == "amd.com/gpu" || resource == "gpu.intel.com/i915" ||
         resource == "gpu.intel.com/xe";
}

std::optional<GpuInventory> ReadGpus(const Labels& labels, const Resources& capacity,
                                     const Resources& allocatable, absl::Span<const std::string> unreadable) {
  return Reader(labels, capacity, allocatable, unreadable).Read();
}

}  // namespace muster
