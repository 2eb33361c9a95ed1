// SPDX-License-Identifier: Apache-2.0
#include "scheduling/declare/gpu_wish.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "scheduling/declare/label_number.h"
#include "scheduling/declare/pod_reader.h"
#include "scheduling/model/quantity.h"

namespace muster::declare {
namespace {

constexpr absl::string_view kProduct = "muster.dev/gpu-product";
constexpr absl::string_view kMemory = "muster.dev/gpu-memory";
constexpr absl::string_view kMixed = "muster.dev/gpu-mixed-products";

constexpr size_t kMostProducts = 16;
constexpr int64_t kMebi = int64_t{1} << 20;
// Less is a number without its unit, more has no GPU.
constexpr int64_t kLeastMemory = 64 * kMebi;
constexpr int64_t kMostMemory = int64_t{4} << 40;

void ReadProducts(PodReader& reader, GpuWish& wish) {
  const std::optional<std::string> text = reader.Text(kProduct);
  if (!text.has_value()) return;
  for (const absl::string_view part : absl::StrSplit(*text, ',')) {
    const absl::string_view product = absl::StripAsciiWhitespace(part);
    if (product.empty() || wish.products.size() == kMostProducts) {
      return reader.Problem(absl::StrCat(kProduct, " is ", Quoted(*text), "; want up to ", kMostProducts,
                                         " products such as H100,H200"));
    }
    wish.products.emplace_back(product);
  }
}

void ReadMemory(PodReader& reader, GpuWish& wish) {
  const std::optional<std::string> text = reader.Text(kMemory);
  if (!text.has_value()) return;
  const absl::StatusOr<int64_t> bytes = ParseUnits(*text);
  if (!bytes.ok() || *bytes < kLeastMemory || *bytes > kMostMemory) {
    return reader.Problem(absl::StrCat(kMemory, " is ", Quoted(*text),
                                       "; want an amount such as 40G or 76Gi, from 64Mi to 4Ti"));
  }
  wish.memory_mib = (*bytes + kMebi - 1) / kMebi;
}

}  // namespace

std::optional<GpuWish> ReadGpuWish(const PodFacts& pod, std::string& problem) {
  const auto says = [&](absl::string_view key) {
    return pod.labels.contains(key) || pod.annotations.contains(key);
  };
  if (!says(kProduct) && !says(kMemory) && !says(kMixed)) return std::nullopt;
  PodReader reader(pod, problem);
  GpuWish wish;
  ReadProducts(reader, wish);
  ReadMemory(reader, wish);
  wish.mixed_products = reader.Flag(kMixed);
  return wish;
}

}  // namespace muster::declare
