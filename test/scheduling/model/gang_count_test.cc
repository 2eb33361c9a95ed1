// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "scheduling/model/gang.h"
#include "test/support/builders.h"

namespace muster {
namespace {

// A gang of four; each letter is a member: p pending, g gated, b bound,
// r running, s succeeded, f failed.
struct CountCase {
  std::string name;
  std::string members;
  int64_t satisfied;
  int64_t needed;
};
void PrintTo(const CountCase& c, std::ostream* out) { *out << c.name; }

Gang GangOf(const std::string& members) {
  Gang gang;
  gang.min_members = 4;
  gang.size = 4;
  for (size_t i = 0; i < members.size(); ++i) {
    Pod pod = test::MemberOf("train", 4, static_cast<int64_t>(i), 1);
    const char what = members[i];
    if (what == 'g') pod.gates = {"somebody"};
    if (what != 'p' && what != 'g') pod.node = NodeName("n");
    if (what == 's') pod.phase = PodPhase::kSucceeded;
    if (what == 'f') pod.phase = PodPhase::kFailed;
    if (what == 'r') pod.phase = PodPhase::kRunning;
    pod.started = what == 'r' || pod.finished();
    gang.members.push_back(std::make_shared<const Pod>(pod));
  }
  return gang;
}

class GangCountOf : public testing::TestWithParam<CountCase> {};

TEST_P(GangCountOf, IsWhatTheMinimumCanRelyOn) {
  const GangCount count = Count(GangOf(GetParam().members));
  EXPECT_EQ(count.satisfied, GetParam().satisfied);
  EXPECT_EQ(count.needed, GetParam().needed);
}

INSTANTIATE_TEST_SUITE_P(Gang, GangCountOf,
                         testing::Values(CountCase{"NewMembers", "pppp", 0, 4},
                                         CountCase{"BoundOnesCount", "bbpp", 2, 4},
                                         CountCase{"FailedOnesOfAnEarlierAttemptDoNot", "ffffpp", 0, 4},
                                         CountCase{"NorSucceededOnesOfOne", "sssspppp", 0, 4},
                                         CountCase{"SucceededOnesOfThisAttemptDo", "sssp", 3, 4},
                                         CountCase{"SucceededOnesBesideLivingOnesDo", "ssrpp", 3, 4},
                                         CountCase{"OfAGangThatRanTheRestIsEnough", "rrp", 2, 3},
                                         CountCase{"OfAGangOfWhichTheOthersSucceededTheRestIsEnough", "sp", 1, 2},
                                         CountCase{"OfAGangThatRanLostOnesAreReplacedAlone", "rrrfp", 3, 4},
                                         CountCase{"OfAGangThatRanGatedOnesAreNotAwaited", "rgp", 1, 2},
                                         CountCase{"OfAGangThatIsOnlyBoundTheRestIsAwaited", "bbp", 2, 4}),
                         [](const auto& info) { return info.param.name; });

TEST(GangCount, AnEarlyMemberThatSucceededDoesNotSayThatTheRestWasThere) {
  Gang gang = GangOf("spp");
  gang.early = {0};
  EXPECT_EQ(Count(gang).needed, 4);
}

TEST(GangCount, AnEarlyMemberThatRunsDoesNotSayThatTheRestWasThere) {
  Gang gang = GangOf("rpp");
  gang.early = {0};
  EXPECT_EQ(Count(gang).needed, 4);
}

}  // namespace
}  // namespace muster
