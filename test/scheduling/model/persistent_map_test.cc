// SPDX-License-Identifier: Apache-2.0
#include "scheduling/model/persistent_map.h"

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <utility>
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

// What the map said where is told by the addresses of its values.
TEST(PersistentMap, ChangesInPlaceWhatNoCopyShares) {
  PersistentMap<int, int> map;
  for (int i = 0; i < 1'000; ++i) map.Set(i, i);
  const int* const value = map.Find(500);
  map.Set(500, 1);
  EXPECT_EQ(map.Find(500), value);
  const PersistentMap<int, int> copy = map;
  map.Set(500, 2);
  EXPECT_NE(map.Find(500), value);
  EXPECT_EQ(*copy.Find(500), 1);
  const int* const renewed = map.Find(500);
  map.Set(500, 3);
  EXPECT_EQ(map.Find(500), renewed);
  PersistentMap<int, int> moved = std::move(map);
  moved.Set(500, 4);
  EXPECT_EQ(moved.Find(500), renewed);
}

TEST(PersistentMap, SharesWithACopyAllButWhatChangedSince) {
  PersistentMap<int, int> map;
  for (int i = 0; i < 10'000; ++i) map.Set(i, i);
  const PersistentMap<int, int> before = map;
  map.Set(5'000, -1);
  map.Set(5'000, -2);
  std::vector<int> seen;
  map.ForEachUnshared(before, [&](int key, int) { seen.push_back(key); });
  EXPECT_LE(seen.size(), 128u);
  EXPECT_EQ(std::count(seen.begin(), seen.end(), 5'000), 1);
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
