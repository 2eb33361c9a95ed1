// SPDX-License-Identifier: Apache-2.0
#include "scheduling/gpu/mig_products.h"

#include <gtest/gtest.h>

#include <string>

namespace muster {
namespace {

struct Case {
  absl::string_view product;
  int64_t memory_mib;
  absl::string_view geometry;  // "none" if there is none
};

TEST(MigProductsTest, FindsTheGeometryOfWhatTheDriverReports) {
  for (const Case& given : {
           Case{"NVIDIA-A100-SXM4-40GB", 40960, "A100-40GB"},
           Case{"A100-SXM4-40GB", 40536, "A100-40GB"},
           Case{"NVIDIA-A100-PCIE-40GB", 0, "A100-40GB"},
           Case{"NVIDIA-A100-SXM4-80GB", 81920, "A100-80GB"},
           Case{"NVIDIA-A100-80GB-PCIe", 81251, "A100-80GB"},
           Case{"NVIDIA-A800-SXM4-80GB", 81920, "A100-80GB"},
           Case{"NVIDIA-H100-80GB-HBM3", 81559, "H100-80GB"},
           Case{"NVIDIA-H100-PCIe", 81559, "H100-80GB"},
           Case{"NVIDIA-H100-PCIe", 0, "H100-80GB"},
           Case{"NVIDIA H100 NVL", 95830, "H100-94GB"},
           Case{"NVIDIA-H100-NVL", 0, "H100-94GB"},
           Case{"NVIDIA-H20", 97871, "H100-96GB"},
           Case{"NVIDIA-GH200-480GB", 97871, "H100-96GB"},
           Case{"NVIDIA-GH200-480GB", 0, "H100-96GB"},
           Case{"NVIDIA-GH200-144G-HBM3e", 146831, "GH200-144GB"},
           Case{"NVIDIA-H200", 143771, "H200-141GB"},
           Case{"NVIDIA-H200-NVL", 0, "H200-141GB"},
           Case{"NVIDIA-B200", 183359, "B200-180GB"},
           Case{"NVIDIA-GB200", 189471, "GB200-186GB"},
           Case{"NVIDIA-B300-SXM6-AC", 275040, "B300-269GB"},
           Case{"NVIDIA-GB300", 284208, "GB300-278GB"},
           Case{"NVIDIA-A30", 24576, "A30-24GB"},
           Case{"NVIDIA-RTX-PRO-6000-Blackwell-Server-Edition", 97887, "RTX-PRO-6000-96GB"},
           // No MIG, unknown, not enough said, or contradictory.
           Case{"Tesla-T4", 15360, "none"},
           Case{"NVIDIA-RTX-6000-Ada-Generation", 49140, "none"},
           Case{"NVIDIA-A100", 0, "none"},
           Case{"NVIDIA-H20-3e", 0, "none"},
           Case{"NVIDIA-H20-3e", 143771, "none"},
           Case{"NVIDIA-A100-SXM4-80GB", 40960, "none"},
           Case{"NVIDIA-A100-SXM4-80GB", -5, "none"},
           Case{"", 0, "none"},
           Case{"GB", 40960, "none"},
       }) {
    const MigGeometry* found = MigGeometryOf(given.product, given.memory_mib);
    EXPECT_EQ(found == nullptr ? "none" : found->name(), given.geometry)
        << given.product << " " << given.memory_mib;
  }
}

}  // namespace
}  // namespace muster
