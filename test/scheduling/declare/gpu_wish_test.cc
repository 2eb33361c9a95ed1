// SPDX-License-Identifier: Apache-2.0
#include "scheduling/declare/gpu_wish.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace muster::declare {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

struct Read {
  std::optional<GpuWish> wish;
  std::string problem;
};

Read ReadFrom(const Labels& labels, const Labels& annotations = {}) {
  Read read;
  read.wish = ReadGpuWish({"ml", "w-0", labels, annotations, ""}, read.problem);
  return read;
}

TEST(GpuWishTest, APodThatSaysNothingHasNone) {
  const Read read = ReadFrom({{"muster.dev/gang", "train"}});
  EXPECT_EQ(read.wish, std::nullopt);
  EXPECT_EQ(read.problem, "");
}

TEST(GpuWishTest, LabelsAndAnnotationsAreRead) {
  const Read read = ReadFrom({{"muster.dev/gpu-mixed-products", "true"}, {"muster.dev/gpu-memory", "76Gi"}},
                             {{"muster.dev/gpu-product", "A100-80GB, H100"}});
  ASSERT_TRUE(read.wish.has_value());
  EXPECT_THAT(read.wish->products, ElementsAre("A100-80GB", "H100"));
  EXPECT_EQ(read.wish->memory_mib, 76 * 1024);
  EXPECT_TRUE(read.wish->mixed_products);
  EXPECT_EQ(read.problem, "");
  // What a GPU of "40 GB" reports is more than 40 GB and less than 40 GiB.
  EXPECT_EQ(ReadFrom({{"muster.dev/gpu-memory", "40G"}}).wish->memory_mib, 38'147);
}

TEST(GpuWishTest, WhatCanNotBeReadIsNamed) {
  for (const auto& [key, value] : Labels{{"muster.dev/gpu-memory", "-40G"},
                                         {"muster.dev/gpu-mixed-products", "yes"},
                                         {"muster.dev/gpu-product", ""}}) {
    const Read read = ReadFrom({{key, value}});
    EXPECT_THAT(read.problem, HasSubstr("pod ml/w-0: " + key + " is \"" + value + "\"; want ")) << key;
  }
  for (const char* memory : {"40", "1e30", "lots", "63Mi", "5Ti"}) {
    EXPECT_THAT(ReadFrom({{"muster.dev/gpu-memory", memory}}).problem, HasSubstr("from 64Mi to 4Ti"))
        << memory;
  }
}

}  // namespace
}  // namespace muster::declare
