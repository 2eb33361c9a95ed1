// SPDX-License-Identifier: Apache-2.0
#include "scheduling/topology/levels.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace muster {
namespace {

using testing::HasSubstr;

std::vector<Level> Numbered(int count) {
  std::vector<Level> levels;
  for (int i = 0; i < count; ++i) levels.push_back({absl::StrCat("l", i), absl::StrCat("example.com/l", i)});
  return levels;
}

struct LevelsCase {
  std::string name;
  std::vector<Level> levels;
  std::string want;  // part of the error
};
void PrintTo(const LevelsCase& c, std::ostream* out) { *out << c.name; }

class BadLevels : public testing::TestWithParam<LevelsCase> {};

TEST_P(BadLevels, AreRefusedWithTheReason) {
  const absl::Status checked = CheckLevels(GetParam().levels);
  EXPECT_EQ(checked.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(checked.message()), HasSubstr(GetParam().want));
}

INSTANTIATE_TEST_SUITE_P(
    Levels, BadLevels,
    testing::Values(LevelsCase{"None", {}, "no levels"},
                    LevelsCase{"Seventeen", Numbered(17), "17 levels; want at most 16"},
                    LevelsCase{"WithoutKey", {{"rack", ""}}, "level 1 has no label key"},
                    LevelsCase{"KeyTwice", {{"a", "k"}, {"b", "k"}}, "label k is two levels"},
                    LevelsCase{"NameTwice", {{"a", "k"}, {"a", "l"}}, "two levels are called a"},
                    LevelsCase{"HostAboveRack",
                               {{"host", "kubernetes.io/hostname"}, {"rack", "r"}},
                               "level 1 is kubernetes.io/hostname"}),
    [](const auto& info) { return info.param.name; });

TEST(Levels, SixteenAreFine) { EXPECT_TRUE(CheckLevels(Numbered(16)).ok()); }

TEST(FindLevel, TakesKeysBeforeNamesBeforeOtherWords) {
  const std::vector<Level> levels = {{"zone", "topology.kubernetes.io/zone"},
                                     {"my-rack", "cloud.provider.com/topology-rack"},
                                     {"host", "kubernetes.io/hostname"}};
  EXPECT_EQ(*FindLevel(levels, "topology.kubernetes.io/zone"), 0u);
  EXPECT_EQ(*FindLevel(levels, "my-rack"), 1u);
  EXPECT_EQ(*FindLevel(levels, "rack"), 1u);
  EXPECT_EQ(*FindLevel(levels, "hostname"), 2u);
  EXPECT_EQ(*FindLevel({{"b", "a"}, {"a", "b"}}, "a"), 0u);
}

TEST(FindLevel, ListsTheLevelsWhenThereIsNoSuch) {
  const absl::Status missing = FindLevel({{"zone", "z"}, {"host", "h"}}, "rack").status();
  EXPECT_EQ(missing.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(missing.message()), HasSubstr("no level \"rack\" among zone > host"));
}

}  // namespace
}  // namespace muster
