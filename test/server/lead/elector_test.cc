// SPDX-License-Identifier: Apache-2.0
#include "server/lead/elector.h"

#include <deque>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "test/support/manual_api.h"

namespace muster {
namespace {

using test::FakeClock;

// A Lease object whose calls take as long, and end, as the test says.
class FakeLeases : public LeaseApi {
 public:
  struct Call {
    std::function<absl::StatusOr<Lease>()> act;  // at the server
    Done done;
  };

  void ReadLease(Done done) override {
    calls.push_back({[this]() -> absl::StatusOr<Lease> {
                       if (lease.version.empty()) return absl::NotFoundError("no lease");
                       return lease;
                     },
                     std::move(done)});
  }
  void WriteLease(const Lease& wanted, Done done) override {
    calls.push_back({[this, wanted]() -> absl::StatusOr<Lease> {
                       if (wanted.version != lease.version) return absl::AbortedError("conflict");
                       lease = wanted;
                       lease.version = absl::StrCat(++version_);
                       return lease;
                     },
                     std::move(done)});
  }

  // Lets the server act on the oldest call and answers it.
  void Serve() {
    Call call = std::move(calls.front());
    calls.pop_front();
    call.done(call.act());
  }
  void ServeAll() {
    while (!calls.empty()) Serve();
  }
  // The server acts, but the answer is lost.
  void LoseReply() {
    Call call = std::move(calls.front());
    calls.pop_front();
    call.act().IgnoreError();
    call.done(absl::UnavailableError("connection reset"));
  }
  void LoseCall() {
    Call call = std::move(calls.front());
    calls.pop_front();
    call.done(absl::UnavailableError("connection refused"));
  }

  Lease lease;
  std::deque<Call> calls;

 private:
  int64_t version_ = 0;
};

class ElectorTest : public testing::Test {
 protected:
  std::unique_ptr<Elector> Make(const std::string& identity) {
    ElectorOptions options;
    options.identity = identity;
    return std::make_unique<Elector>(options, clock_, clock_, leases_);
  }
  void Tick(Elector& elector) {
    elector.Tick();
    leases_.ServeAll();
  }
  // Lets both tick for so long.
  void Pass(absl::Duration time, const std::vector<Elector*>& electors) {
    for (absl::Duration t; t < time; t += absl::Milliseconds(100)) {
      clock_.Advance(absl::Milliseconds(100));
      for (Elector* elector : electors) Tick(*elector);
    }
  }

  FakeClock clock_;
  FakeLeases leases_;
  std::unique_ptr<Elector> a_ = Make("a");
  std::unique_ptr<Elector> b_ = Make("b");
};

TEST_F(ElectorTest, TheFirstTakesTheLeaseAtOnceAndKeepsIt) {
  EXPECT_FALSE(a_->Leads());
  Tick(*a_);
  EXPECT_TRUE(a_->Leads());
  EXPECT_FALSE(a_->TookOver());
  Tick(*b_);
  Pass(absl::Minutes(2), {a_.get(), b_.get()});
  EXPECT_TRUE(a_->Leads());
  EXPECT_FALSE(b_->Leads());
  EXPECT_EQ(b_->Leader(), "a");
  EXPECT_EQ(leases_.lease.transitions, 0);
}

TEST_F(ElectorTest, ALeaseThatWasGivenUpIsTakenWithinTwoSeconds) {
  Tick(*a_);
  Pass(absl::Seconds(5), {a_.get(), b_.get()});
  bool resigned = false;
  a_->Resign([&] { resigned = true; });
  EXPECT_FALSE(a_->Leads());
  leases_.ServeAll();
  EXPECT_TRUE(resigned);
  Pass(absl::Seconds(2), {a_.get(), b_.get()});
  EXPECT_TRUE(b_->Leads());
  EXPECT_FALSE(b_->TookOver());
  EXPECT_FALSE(a_->Leads());
  EXPECT_FALSE(a_->Lost()) << "it went by itself";
}

TEST_F(ElectorTest, TheLeaseOfADeadLeaderIsTakenAfterItsDurationAndNotBefore) {
  Tick(*a_);
  Pass(absl::Seconds(3), {a_.get(), b_.get()});
  Pass(absl::Seconds(14) - absl::Milliseconds(100), {b_.get()});
  EXPECT_FALSE(b_->Leads());
  Pass(absl::Seconds(2), {b_.get()});
  EXPECT_TRUE(b_->Leads());
  EXPECT_TRUE(b_->TookOver());
  EXPECT_EQ(leases_.lease.transitions, 1);
  EXPECT_FALSE(a_->Leads());
  Tick(*a_);
  EXPECT_TRUE(a_->Lost());
  Pass(absl::Seconds(60), {a_.get()});
  EXPECT_FALSE(a_->Leads()) << "one that lost it never leads again";
}

TEST_F(ElectorTest, ALeaderThatCannotRenewStopsBeforeItsLeaseEndsAndGoesOnWhenItCan) {
  Tick(*a_);
  const absl::Time began = clock_.Now();
  while (a_->Leads()) {
    clock_.Advance(absl::Milliseconds(100));
    a_->Tick();
    while (!leases_.calls.empty()) leases_.LoseCall();
    ASSERT_LT(clock_.Now() - began, absl::Seconds(11));
  }
  EXPECT_FALSE(a_->Lost());
  Pass(absl::Seconds(60), {a_.get()});
  EXPECT_TRUE(a_->Leads());
}

TEST_F(ElectorTest, ALeaderThatWasAwayWhileAnotherLedAndResignedNeverLeadsAgain) {
  Tick(*a_);
  Pass(absl::Seconds(30), {b_.get()});
  ASSERT_TRUE(b_->Leads());
  b_->Resign([] {});
  leases_.ServeAll();
  Pass(absl::Seconds(30), {a_.get()});
  EXPECT_FALSE(a_->Leads());
  EXPECT_TRUE(a_->Lost());
}

TEST_F(ElectorTest, ARenewalThatTakesTooLongDoesNotBringTheLeaseBack) {
  Tick(*a_);
  clock_.Advance(absl::Seconds(2));
  a_->Tick();
  ASSERT_EQ(leases_.calls.size(), 1u);
  clock_.Advance(absl::Seconds(9));
  leases_.Serve();
  clock_.Advance(absl::Seconds(2));
  EXPECT_FALSE(a_->Leads());
}

TEST_F(ElectorTest, TheTimeOfALeaseCountsFromWhenItsRenewalWasSent) {
  Tick(*a_);
  clock_.Advance(absl::Seconds(2));
  a_->Tick();
  clock_.Advance(absl::Seconds(7));
  leases_.Serve();
  EXPECT_TRUE(a_->Leads());
  clock_.Advance(absl::Seconds(3));
  EXPECT_FALSE(a_->Leads());
}

TEST_F(ElectorTest, ARenewalWhoseAnswerWasLostCostsNothing) {
  Tick(*a_);
  clock_.Advance(absl::Seconds(2));
  a_->Tick();
  leases_.LoseReply();
  Pass(absl::Seconds(20), {a_.get()});
  EXPECT_TRUE(a_->Leads());
}

TEST_F(ElectorTest, ATakingWhoseAnswerWasLostIsFoundToBeItsOwn) {
  a_->Tick();
  leases_.Serve();      // it reads that there is none
  leases_.LoseReply();  // and makes it
  Pass(absl::Seconds(2), {a_.get()});
  EXPECT_TRUE(a_->Leads());
}

TEST_F(ElectorTest, ALeaseThatSomebodyElseTookByForceIsLostAtOnce) {
  Tick(*a_);
  leases_.lease.holder = "kubectl";
  leases_.lease.version = "999";
  Pass(absl::Seconds(2), {a_.get()});
  EXPECT_FALSE(a_->Leads());
  EXPECT_TRUE(a_->Lost());
}

TEST_F(ElectorTest, AResignationWaitsForTheRenewalThatIsUnderWay) {
  Tick(*a_);
  clock_.Advance(absl::Seconds(2));
  a_->Tick();
  bool resigned = false;
  a_->Resign([&] { resigned = true; });
  EXPECT_FALSE(resigned);
  leases_.ServeAll();
  EXPECT_TRUE(resigned);
  EXPECT_EQ(leases_.lease.holder, "");
}

TEST_F(ElectorTest, AFollowerResignsWithoutTouchingTheLease) {
  Tick(*a_);
  Tick(*b_);
  bool resigned = false;
  b_->Resign([&] { resigned = true; });
  EXPECT_TRUE(resigned);
  EXPECT_EQ(leases_.lease.holder, "a");
}

TEST_F(ElectorTest, WhatCannotBeReadIsSaid) {
  a_->Tick();
  leases_.LoseCall();
  EXPECT_EQ(a_->LastError().message(), "connection refused");
  Pass(absl::Seconds(2), {a_.get()});
  EXPECT_TRUE(a_->LastError().ok());
}

// Three replicas whose clocks are hours apart and run differently fast, whose
// calls take up to eight seconds and are lost, who sleep and who die.
TEST(ElectorProperty, NeverTwoLeadAndSoonerOrLaterOneDoes) {
  int changes = 0;
  for (uint32_t seed = 0; seed < 300; ++seed) {
    std::mt19937 random(seed);
    const auto chance = [&](unsigned percent) { return random() % 100 < percent; };
    FakeLeases leases;
    struct Replica {
      FakeClock clock;
      std::unique_ptr<Elector> elector;
      absl::Duration asleep;
      double rate = 1;
    };
    std::vector<Replica> replicas(3);
    int born = 0;
    std::vector<std::pair<absl::Duration, FakeLeases::Call>> on_the_way;
    std::string last;
    absl::Duration without;
    for (absl::Duration t; t < absl::Minutes(5); t += absl::Milliseconds(100)) {
      const bool calm = t > absl::Minutes(4);
      for (Replica& replica : replicas) {
        if (replica.elector == nullptr || replica.elector->Lost() || (!calm && chance(1) && chance(10))) {
          replica.clock.Advance(absl::Hours(random() % 5));
          replica.rate = 0.99 + static_cast<double>(random() % 3) / 100;
          ElectorOptions options;
          options.identity = absl::StrCat("replica-", born++);
          // What the old one sent may still arrive: it goes on to exist.
          static std::vector<std::unique_ptr<Elector>>& dead = *new std::vector<std::unique_ptr<Elector>>();
          if (replica.elector != nullptr) dead.push_back(std::move(replica.elector));
          auto* clock = &replica.clock;
          replica.elector = std::make_unique<Elector>(options, *clock, *clock, leases);
        }
        replica.clock.Advance(absl::Milliseconds(100) * replica.rate);
        replica.asleep -= absl::Milliseconds(100);
        if (!calm && chance(1) && chance(20)) replica.asleep = absl::Seconds(random() % 30);
        if (replica.asleep <= absl::ZeroDuration()) replica.elector->Tick();
      }
      while (!leases.calls.empty()) {
        const auto delay = absl::Milliseconds(chance(5) && !calm ? random() % 8000 : random() % 300);
        on_the_way.emplace_back(t + delay, std::move(leases.calls.front()));
        leases.calls.pop_front();
      }
      for (size_t i = 0; i < on_the_way.size();) {
        if (on_the_way[i].first > t) {
          ++i;
          continue;
        }
        FakeLeases::Call call = std::move(on_the_way[i].second);
        on_the_way.erase(on_the_way.begin() + static_cast<std::ptrdiff_t>(i));
        const bool lost = !calm && chance(5);
        if (lost && chance(50)) {
          call.done(absl::UnavailableError("lost on the way"));
        } else {
          absl::StatusOr<Lease> result = call.act();
          call.done(lost ? absl::UnavailableError("answer lost") : std::move(result));
        }
      }
      int leaders = 0;
      std::string leader;
      for (size_t r = 0; r < replicas.size(); ++r) {
        if (!replicas[r].elector->Leads()) continue;
        ++leaders;
        leader = absl::StrCat(r);
      }
      ASSERT_LE(leaders, 1) << "seed " << seed << " at " << absl::FormatDuration(t);
      without = leaders == 0 ? without + absl::Milliseconds(100) : absl::ZeroDuration();
      changes += leaders == 1 && leader != last ? 1 : 0;
      if (leaders == 1) last = leader;
    }
    EXPECT_LT(without, absl::Seconds(20)) << "seed " << seed;
  }
  EXPECT_GT(changes, 1'000) << "the faults must make leaders change";
}

}  // namespace
}  // namespace muster
