// SPDX-License-Identifier: Apache-2.0
#include "scheduling/model/quantity.h"

#include <limits>
#include <string>

#include "gtest/gtest.h"

namespace muster {
namespace {

struct GoodCase {
  std::string text;
  int64_t millis;
  int64_t units;
};

TEST(Quantity, IsReadAsKubernetesReadsIt) {
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  for (const GoodCase& c :
       std::vector<GoodCase>{{"0", 0, 0},
                             {"8", 8000, 8},
                             {"+8", 8000, 8},
                             {"500m", 500, 1},
                             {"1.5", 1500, 2},
                             {".5", 500, 1},
                             {"5.", 5000, 5},
                             {"0.0001", 1, 1},
                             {"100u", 1, 1},
                             {"1n", 1, 1},
                             {"2k", 2'000'000, 2000},
                             {"1Ki", 1'024'000, 1024},
                             {"1.5Gi", int64_t{1536} * 1024 * 1024 * 1000, int64_t{1536} << 20},
                             {"16Gi", (int64_t{16} << 30) * 1000, int64_t{16} << 30},
                             {"2e3", 2'000'000, 2000},
                             {"2E3", 2'000'000, 2000},
                             {"5e-1", 500, 1},
                             {"1E", kMax, int64_t{1'000'000'000'000'000'000}},
                             {"100E", kMax, kMax},
                             {"1e99", kMax, kMax},
                             {"1e-99", 1, 1},
                             {"0e99", 0, 0},
                             {"1e99999999999999999999", kMax, kMax},
                             {"9223372036854775807", kMax, kMax},
                             {std::string(1'000'000, '1'), kMax, kMax},
                             {"0." + std::string(1'000, '0') + "1", 1, 1}}) {
    EXPECT_EQ(ParseMillis(c.text).value_or(-1), c.millis) << c.text;
    EXPECT_EQ(ParseUnits(c.text).value_or(-1), c.units) << c.text;
  }
}

TEST(Quantity, WhatIsNoneIsRefused) {
  for (const std::string text :
       {"", " ", "lots", "1 Gi", "1gi", "1KI", "--1", "-1", "1.2.3", "1e", "e3", ".", "0x10", "1\xff"}) {
    EXPECT_EQ(ParseUnits(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

}  // namespace
}  // namespace muster
