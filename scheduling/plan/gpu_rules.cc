// SPDX-License-Identifier: Apache-2.0
#include "scheduling/plan/gpu_rules.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "scheduling/gpu/inventory.h"
#include "scheduling/gpu/mig_products.h"
#include "scheduling/topology/levels.h"

namespace muster {
namespace {

template <typename IsOne>
bool AsksFor(const Resources& requests, IsOne is_one) {
  return std::any_of(requests.scalars.begin(), requests.scalars.end(),
                     [&](const auto& entry) { return entry.second > 0 && is_one(entry.first); });
}

}  // namespace

bool AsksForGpus(const Resources& requests) { return AsksFor(requests, IsGpuResource); }

GpuRules::GpuRules(const PodShape& shape, const std::string* gang_product)
    : shape_(shape),
      gang_product_(gang_product),
      concerned_(AsksForGpus(shape.requests)),
      nvidia_(concerned_ && AsksFor(shape.requests, IsNvidiaGpuResource)) {}

std::string GpuRules::Against(const Node& node) {
  if (!concerned_) return "";
  static const auto& nothing = *new GpuInventory();
  const GpuInventory& gpus = node.gpus.has_value() ? *node.gpus : nothing;
  if (nvidia_ && !gpus.out_of_use.empty()) return absl::StrCat("GPUs out of use: ", gpus.out_of_use);
  // What the pod itself wants says more than what its gang came to.
  if (std::string rule = AgainstProduct(gpus); !rule.empty()) return rule;
  if (std::string rule = AgainstMemory(gpus); !rule.empty()) return rule;
  if (gang_product_ == nullptr || gpus.product == *gang_product_) return "";
  return gpus.product.empty() ? "of another GPU product than the gang's"
                              : absl::StrCat("of another GPU product, ", Shortened(gpus.product));
}

std::string GpuRules::AgainstProduct(const GpuInventory& gpus) {
  if (!shape_.gpu_wish.has_value() || shape_.gpu_wish->products.empty()) return "";
  if (gpus.product.empty()) return "without a GPU product";
  if (!IsWanted(gpus.product)) return absl::StrCat("of GPU product ", Shortened(gpus.product));
  return gpus.one_product ? "" : "with GPUs beside those of the product";
}

bool GpuRules::IsWanted(const std::string& product) {
  const auto [at, is_new] = wanted_.try_emplace(product, false);
  if (is_new) {
    const auto& wanted = shape_.gpu_wish->products;
    at->second = std::any_of(wanted.begin(), wanted.end(),
                             [&](const std::string& words) { return IsGpuProduct(product, words); });
  }
  return at->second;
}

std::string GpuRules::AgainstMemory(const GpuInventory& gpus) const {
  if (!shape_.gpu_wish.has_value() || shape_.gpu_wish->memory_mib == 0) return "";
  for (const auto& [resource, amount] : shape_.requests.scalars) {
    const GpuPool* pool = amount > 0 && IsGpuResource(resource) ? gpus.Find(resource) : nullptr;
    // A node without them lacks room, which says more.
    if (pool == nullptr) continue;
    if (pool->memory_mib == 0 || !gpus.one_product) return "with GPU memory that is not known";
    if (pool->memory_mib < shape_.gpu_wish->memory_mib) {
      return absl::StrCat("with ", pool->memory_mib, "Mi of GPU memory");
    }
  }
  return "";
}

}  // namespace muster
