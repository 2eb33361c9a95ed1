// SPDX-License-Identifier: Apache-2.0
#include "scheduling/dra/selector.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "scheduling/dra/cel.h"
#include "scheduling/dra/version.h"

namespace muster {
namespace {

constexpr char kDriver[] = "gpu.nvidia.com";

// A MIG device of an H100 as NVIDIA's driver publishes it.
Device MigDevice() {
  Device device;
  device.name = "gpu-0-mig-1g10gb-19-0";
  device.attributes = {{"gpu.nvidia.com/type", std::string("mig")},
                       {"gpu.nvidia.com/profile", std::string("1g.10gb")},
                       {"gpu.nvidia.com/productName", std::string("NVIDIA H100 80GB HBM3")},
                       {"gpu.nvidia.com/cudaComputeCapability", DeviceVersion{"9.0.0"}},
                       {"gpu.nvidia.com/index", int64_t{3}},
                       {"gpu.nvidia.com/healthy", true},
                       {"gpu.nvidia.com/peers", UnreadAttribute{}},
                       {"resource.kubernetes.io/pcieRoot", std::string("pci0000:01")}};
  device.capacity = {{"gpu.nvidia.com/memory", int64_t{10} * 1024 * 1024 * 1024 * 1000}};
  return device;
}

struct Case {
  std::string text;
  Verdict want;
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.text; }

class Selects : public testing::TestWithParam<Case> {};

TEST_P(Selects, TheDevice) {
  const DeviceSelector selector = MakeDeviceSelector(GetParam().text);
  ASSERT_NE(selector.predicate, nullptr) << "is not understood";
  EXPECT_EQ(selector.predicate->Of(MigDevice(), kDriver), GetParam().want);
}

constexpr Verdict kYes = Verdict::kYes;
constexpr Verdict kNo = Verdict::kNo;
constexpr Verdict kUnknown = Verdict::kUnknown;

INSTANTIATE_TEST_SUITE_P(
    AsKubeSchedulerDoes, Selects,
    testing::Values(
        Case{"true", kYes}, Case{"device.driver == 'gpu.nvidia.com'", kYes},
        Case{R"(device.driver == "other.example.com")", kNo},
        Case{"device.driver == 'gpu.nvidia.com' && device.attributes['gpu.nvidia.com'].type == 'mig'", kYes},
        Case{"device.attributes['gpu.nvidia.com'].type != 'mig'", kNo},
        Case{R"(device.attributes["gpu.nvidia.com"].profile in ["1g.10gb", "2g.20gb"])", kYes},
        Case{"device.attributes['gpu.nvidia.com'].profile in ['3g.40gb']", kNo},
        Case{"device.attributes['gpu.nvidia.com'].productName.matches('^NVIDIA (H100|H200) ')", kYes},
        Case{"device.attributes['gpu.nvidia.com'].productName.lowerAscii().contains('a100')", kNo},
        Case{"device.attributes['gpu.nvidia.com'].productName.startsWith('NVIDIA')", kYes},
        Case{"device.attributes['resource.kubernetes.io'].pcieRoot == 'pci0000:01'", kYes},
        Case{"device.capacity['gpu.nvidia.com'].memory.compareTo(quantity('10Gi')) >= 0", kYes},
        Case{"device.capacity['gpu.nvidia.com'].memory.compareTo(quantity('40Gi')) >= 0", kNo},
        Case{"device.capacity['gpu.nvidia.com'].memory.isGreaterThan(quantity('9Gi'))", kYes},
        Case{"device.attributes['gpu.nvidia.com'].cudaComputeCapability.compareTo(semver('8.9.0')) > 0",
             kYes},
        Case{"device.attributes['gpu.nvidia.com'].cudaComputeCapability.isLessThan(semver('10.0.0'))", kYes},
        Case{"device.attributes['gpu.nvidia.com'].index < 4 && device.attributes['gpu.nvidia.com'].healthy",
             kYes},
        Case{"!(device.attributes['gpu.nvidia.com'].index >= 4 || false)", kYes},
        Case{"cel.bind(a, device.attributes['gpu.nvidia.com'], a.type == 'mig' && a.index == 3)", kYes},
        Case{"'gpu.nvidia.com' in device.attributes && 'uuid' in device.attributes['gpu.nvidia.com']", kNo},
        Case{"has(device.attributes['gpu.nvidia.com'].uuid) || has(device.attributes['gpu.nvidia.com'].type)",
             kYes},
        // What is missing is an error, which the other side may hide.
        Case{"device.attributes['gpu.nvidia.com'].uuid == 'GPU-1'", kNo},
        Case{"device.attributes['other.example.com'].uuid == 'GPU-1' || device.driver == 'gpu.nvidia.com'",
             kYes},
        Case{"!(device.attributes['gpu.nvidia.com'].uuid == 'GPU-1')", kNo},
        Case{"device.attributes['gpu.nvidia.com'].index == 'three'", kNo},
        // Lists are not read.
        Case{"'GPU-1' in device.attributes['gpu.nvidia.com'].peers", kUnknown},
        Case{"device.driver == 'other' && 'GPU-1' in device.attributes['gpu.nvidia.com'].peers", kNo}));

TEST(NotUnderstood, IsWhatIsBeyondThePartOfCelThatIsRead) {
  for (const char* text : {"", "device.", "device.driver ==", "a ? b : c", "1 + 1 == 2",
                           "device.attributes['x'].?y.orValue(1) == 1", "['a'].exists(x, x == 'a')",
                           "device.driver.split('.')[0] == 'gpu'", "1.5 < 2.5", "'unfinished",
                           "device.driver == 'a' 'b'", "(true", "sets.contains(['a'], ['a'])"}) {
    EXPECT_EQ(MakeDeviceSelector(text).predicate, nullptr) << text;
  }
}

TEST(NotUnderstood, IsWhatIsTooDeepOrTooLong) {
  EXPECT_EQ(ParseCel(std::string(100'000, '(')), nullptr);
  EXPECT_EQ(ParseCel(std::string(1000, '!') + "true"), nullptr);
  EXPECT_EQ(ParseCel("'" + std::string(20'000, 'a') + "' == 'a'"), nullptr);
}

TEST(CompareVersions, FollowsSemver) {
  const std::vector<std::string> ascending = {"1.0.0-alpha",  "1.0.0-alpha.1", "1.0.0-alpha.beta",
                                              "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0",
                                              "1.2.0",        "1.10.0",        "12.0.0"};
  for (size_t i = 0; i < ascending.size(); ++i) {
    for (size_t j = 0; j < ascending.size(); ++j) {
      const int got = CompareVersions(ascending[i], ascending[j]);
      EXPECT_EQ(got < 0, i < j) << ascending[i] << " " << ascending[j];
      EXPECT_EQ(got > 0, i > j) << ascending[i] << " " << ascending[j];
    }
  }
  EXPECT_EQ(CompareVersions("1.0.0+one", "1.0.0+two"), 0);
}

}  // namespace
}  // namespace muster
