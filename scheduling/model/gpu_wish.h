// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace muster {

// Which GPUs a pod wants, beside the resources that it asks for. It holds for
// pods that ask for GPUs.
struct GpuWish {
  std::vector<std::string> products;  // any of these will do; empty: every one
  int64_t memory_mib = 0;             // that it can count on, of each GPU or instance; 0: any
  bool mixed_products = false;        // members of its gang may be on different products

  friend bool operator==(const GpuWish&, const GpuWish&) = default;
};

}  // namespace muster
