// SPDX-License-Identifier: Apache-2.0
#include "scheduling/model/persistent_map.h"

#include <map>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace muster {
namespace {

std::map<int, int> Contents(const PersistentMap<int, int>& map) {
  std::map<int, int> contents;
  map.ForEach([&](int key, int value) { contents.emplace_hint(contents.end(), key, value); });
  return contents;
}

TEST(PersistentMap, BehavesAsAnOrdinaryMapAndOldCopiesStayAsTheyWere) {
  std::mt19937 random(7);
  PersistentMap<int, int> map;
  std::map<int, int> twin;
  std::vector<std::pair<PersistentMap<int, int>, std::map<int, int>>> kept;
  for (int step = 0; step < 20'000; ++step) {
    const int key = static_cast<int>(random() % 2'000);
    if (random() % 3 == 0) {
      EXPECT_EQ(map.Erase(key), twin.erase(key) == 1);
    } else {
      map.Set(key, step);
      twin[key] = step;
    }
    ASSERT_EQ(map.size(), twin.size());
    const int* found = map.Find(key);
    ASSERT_EQ(found != nullptr, twin.contains(key));
    if (step % 1'000 == 0) kept.emplace_back(map, twin);
  }
  EXPECT_EQ(Contents(map), twin);
  for (const auto& [old, contents] : kept) EXPECT_EQ(Contents(old), contents);
}

TEST(PersistentMap, VisitsKeysInAscendingOrder) {
  PersistentMap<std::string, int> map;
  for (int i = 999; i >= 0; --i) map.Set(std::to_string(i), i);
  std::string last;
  map.ForEach([&](const std::string& key, int) {
    EXPECT_LT(last, key);
    last = key;
  });
}

}  // namespace
}  // namespace muster
