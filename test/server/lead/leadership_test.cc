// SPDX-License-Identifier: Apache-2.0
#include "server/lead/leadership.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/lead/fenced_api.h"
#include "test/support/builders.h"
#include "test/support/manual_api.h"

namespace muster {
namespace {

using test::FakeClock;
using test::ManualApi;
using testing::ElementsAre;
using testing::HasSubstr;

// One Lease; every call is answered at once.
class OneLease : public LeaseApi {
 public:
  void ReadLease(Done done) override { done(lease); }
  void WriteLease(const Lease& wanted, Done done) override {
    lease = wanted;
    lease.version += "+";
    done(lease);
  }
  Lease lease = [] {
    Lease made;
    made.version = "1";
    return made;
  }();
};

class LeadershipTest : public testing::Test {
 protected:
  LeadershipTest() {
    ClusterView view = test::ClusterOf(1, 8);
    test::AddGang(view, "train", 1, 8);
    view.Upsert(test::BoundTo(test::MemberOf("runs", 1, 0, 1), "node-00"));
    view.Upsert(test::PodOf("single", 1));
    view.Upsert(test::PodOf("plain", 0));
    known_ = test::Published(std::move(view));
  }

  void Pass(absl::Duration time) {
    for (absl::Duration t; t < time; t += absl::Milliseconds(100)) {
      clock_.Advance(absl::Milliseconds(100));
      leadership_.Tick();
    }
  }
  std::vector<std::string> Calls() const {
    std::vector<std::string> calls;
    for (const auto& call : api_.calls) calls.push_back(call.what);
    return calls;
  }

  FakeClock clock_;
  OneLease lease_;
  ManualApi api_;
  std::shared_ptr<const ClusterView> view_;
  std::shared_ptr<const ClusterView> known_;
  int announced_ = 0;
  absl::Status announcement_ = absl::OkStatus();
  Elector elector_{{.identity = "me"}, clock_, clock_, lease_};
  Leadership leadership_{elector_, Takeover(api_, "e1"), [this] { return view_; },
                         [this](const auto& done) {
                           ++announced_;
                           done(announcement_);
                         },
                         clock_};
};

TEST_F(LeadershipTest, DecidesOnceItHasTheLeaseAndTheView) {
  EXPECT_THAT(leadership_.MayDecide().message(), HasSubstr("nobody else does yet"));
  Pass(absl::Seconds(1));
  EXPECT_THAT(leadership_.MayDecide().message(), HasSubstr("taking over"));
  EXPECT_EQ(announced_, 0);
  view_ = known_;
  Pass(absl::Seconds(1));
  EXPECT_TRUE(leadership_.MayDecide().ok());
  EXPECT_EQ(announced_, 1);
  EXPECT_THAT(Calls(), ElementsAre());
}

TEST_F(LeadershipTest, AFollowerSaysWhoLeads) {
  lease_.lease.holder = "another";
  lease_.lease.duration = absl::Seconds(15);
  view_ = known_;
  Pass(absl::Seconds(5));
  EXPECT_THAT(leadership_.MayDecide().message(), HasSubstr("another does"));
  EXPECT_FALSE(leadership_.Ended());
}

TEST_F(LeadershipTest, TakingOverFromADeadLeaderFirstChangesTheVersionOfEveryPodThatItMayBeBinding) {
  lease_.lease.holder = "dead";
  lease_.lease.duration = absl::Seconds(15);
  view_ = known_;
  Pass(absl::Seconds(17));
  EXPECT_THAT(Calls(), ElementsAre("annotate default/single", "annotate default/train-0"));
  EXPECT_EQ(api_.calls[0].annotations.at("muster.dev/epoch"), "e1");
  EXPECT_THAT(leadership_.MayDecide().message(), HasSubstr("taking over"));
  EXPECT_EQ(announced_, 0);

  api_.Answer(absl::UnavailableError("busy"));
  api_.Answer(absl::NotFoundError("deleted meanwhile"));
  Pass(absl::Milliseconds(200));
  EXPECT_FALSE(leadership_.MayDecide().ok());
  EXPECT_THAT(Calls(), ElementsAre("annotate default/single")) << "what failed is tried again";
  api_.Succeed();
  Pass(absl::Milliseconds(200));
  EXPECT_TRUE(leadership_.MayDecide().ok());
  EXPECT_EQ(announced_, 1);
}

TEST_F(LeadershipTest, ItsAddressIsAnnouncedAgainNowAndThenAndSoonAfterAFailure) {
  view_ = known_;
  announcement_ = absl::UnavailableError("no answer");
  Pass(absl::Seconds(1));
  EXPECT_EQ(announced_, 1);
  announcement_ = absl::OkStatus();
  Pass(absl::Milliseconds(1200));
  EXPECT_EQ(announced_, 2);
  Pass(absl::Seconds(31));
  EXPECT_EQ(announced_, 3);
}

TEST_F(LeadershipTest, EndsWhenTheLeaseIsTakenAway) {
  view_ = known_;
  Pass(absl::Seconds(1));
  ASSERT_TRUE(leadership_.MayDecide().ok());
  lease_.lease.holder = "another";
  lease_.lease.version = "9";
  clock_.Advance(absl::Seconds(11));
  EXPECT_FALSE(leadership_.MayDecide().ok());
  Pass(absl::Seconds(1));
  EXPECT_TRUE(leadership_.Ended());
}

// Who gives the lease up now would have its successor believe that nothing comes any more.
TEST(FencedApi, IsNotQuietWhileAWriteWhoseAnswerWasLostMayBeCarriedOut) {
  ManualApi api;
  FakeClock clock;
  FencedApi fenced(
      api, [] { return true; }, [](const std::function<void()>& job) { job(); }, clock);
  const PodVersion pod{PodName("default", "p"), PodUid("u"), "1"};
  fenced.Bind(pod, NodeName("n"), {}, [](const absl::Status&) {});
  api.Answer(absl::DeadlineExceededError("no answer"));
  EXPECT_FALSE(fenced.AwaitQuiet(absl::ZeroDuration()));
  clock.Advance(absl::Seconds(61));
  EXPECT_TRUE(fenced.AwaitQuiet(absl::ZeroDuration()));
  // An answer is one, whatever it says.
  fenced.Bind(pod, NodeName("n"), {}, [](const absl::Status&) {});
  api.Answer(absl::AbortedError("conflict"));
  EXPECT_TRUE(fenced.AwaitQuiet(absl::ZeroDuration()));
}

TEST(FencedApi, LetsNothingThroughOnceItIsClosed) {
  ManualApi api;
  FakeClock clock;
  FencedApi fenced(
      api, [] { return true; }, [](const std::function<void()>& job) { job(); }, clock);
  fenced.Close();
  absl::Status result;
  fenced.Evict({PodName("default", "p"), PodUid("u"), "1"},
               [&](const absl::Status& status) { result = status; });
  EXPECT_TRUE(absl::IsUnavailable(result)) << result;
  EXPECT_TRUE(api.calls.empty());
}

TEST(FencedApi, LetsNothingThroughThatDoesNotLead) {
  ManualApi api;
  bool leads = true;
  std::vector<std::function<void()>> later;
  FakeClock clock;
  FencedApi fenced(
      api, [&] { return leads; }, [&](std::function<void()> job) { later.push_back(std::move(job)); }, clock);
  const PodVersion pod{PodName("default", "p"), PodUid("u"), "1"};
  std::vector<absl::Status> results;
  const auto done = [&](const absl::Status& status) { results.push_back(status); };

  fenced.Bind(pod, NodeName("n"), {}, done);
  EXPECT_EQ(api.calls.size(), 1u);
  EXPECT_FALSE(fenced.AwaitQuiet(absl::ZeroDuration()));
  api.Succeed();
  EXPECT_TRUE(fenced.AwaitQuiet(absl::ZeroDuration()));
  ASSERT_EQ(results.size(), 1u);
  EXPECT_TRUE(results[0].ok());

  leads = false;
  fenced.Bind(pod, NodeName("n"), {}, done);
  fenced.Nominate(pod, NodeName("n"), done);
  fenced.Annotate(pod, {}, done);
  fenced.Evict(pod, done);
  EXPECT_TRUE(api.calls.empty());
  EXPECT_EQ(results.size(), 1u) << "never from within the call itself";
  for (const auto& job : later) job();
  ASSERT_EQ(results.size(), 5u);
  for (size_t i = 1; i < 5; ++i) EXPECT_TRUE(absl::IsUnavailable(results[i]));
}

}  // namespace
}  // namespace muster
