// SPDX-License-Identifier: Apache-2.0
#include "scheduling/topology/natural_order.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace muster {
namespace {

TEST(NaturallyBefore, OrdersNumbersWithinNamesByValue) {
  // Of names that differ in leading zeros alone, the text decides.
  const std::vector<std::string> ordered = {"",
                                            "0",
                                            "00",
                                            "a",
                                            "a-1-b",
                                            "a-1-c",
                                            "a-002",
                                            "a-02",
                                            "a-2",
                                            "a-10",
                                            "a-10-0",
                                            "a-10a",
                                            "a-x",
                                            "a1b2",
                                            "a1b10",
                                            "a9999999999999999999999",
                                            "a10000000000000000000000",
                                            "rack-2",
                                            "rack-10",
                                            "rack-10b",
                                            "rack-a",
                                            "\xff\xfe"};
  for (size_t a = 0; a < ordered.size(); ++a) {
    for (size_t b = 0; b < ordered.size(); ++b) {
      EXPECT_EQ(NaturallyBefore(ordered[a], ordered[b]), a < b) << ordered[a] << " and " << ordered[b];
    }
  }
}

TEST(NaturallyBefore, IsAStrictTotalOrderOverAllShortNames) {
  std::vector<std::string> names = {""};
  for (size_t i = 0; i < names.size() && names[i].size() < 3; ++i) {
    for (const char c : {'0', '1', '9', '-', 'a'}) names.push_back(names[i] + c);
  }
  for (const std::string& a : names) {
    for (const std::string& b : names) {
      ASSERT_EQ(NaturallyBefore(a, b) + NaturallyBefore(b, a), a == b ? 0 : 1) << a << " and " << b;
      if (!NaturallyBefore(a, b)) continue;
      for (const std::string& c : names) {
        ASSERT_TRUE(!NaturallyBefore(b, c) || NaturallyBefore(a, c)) << a << ", " << b << ", " << c;
      }
    }
  }
}

}  // namespace
}  // namespace muster
