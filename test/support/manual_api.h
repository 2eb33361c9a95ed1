// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <utility>

#include "server/clock.h"
#include "server/cluster_api.h"
#include "server/service.h"

namespace muster::test {

// A clock that the test sets.
class FakeClock : public Clock {
 public:
  absl::Time Now() const override { return now_; }
  void Advance(absl::Duration by) { now_ += by; }

 private:
  absl::Time now_ = absl::UnixEpoch() + absl::Hours(1);
};

// An API server whose answers the test gives, call by call, in any order.
class ManualApi : public ClusterApi {
 public:
  struct Call {
    std::string what;  // "bind default/train-0 node-00", "evict ...", "read ...", "nominate ..."
    Labels annotations;
    std::function<void(absl::StatusOr<Pod>)> answer;
    std::string resource_version = "";  // the one that an eviction names
  };

  void Bind(const PodVersion& pod, const NodeName& node, const Labels& annotations, Done done) override {
    Add("bind " + pod.name.text() + " " + node.text(), annotations, std::move(done));
  }
  void Nominate(const PodVersion& pod, const NodeName& node, Done done) override {
    Add("nominate " + pod.name.text() + " " + node.text(), {}, std::move(done));
  }
  void Annotate(const PodVersion& pod, const Labels& annotations, Done done) override {
    Add("annotate " + pod.name.text(), annotations, std::move(done));
  }
  void Evict(const PodVersion& pod, Done done) override {
    Add("evict " + pod.name.text(), {}, std::move(done));
    calls.back().resource_version = pod.resource_version;
  }
  void Ungate(const Ungating& pod, Done done) override {
    Add("ungate " + pod.pod.text(), {}, std::move(done));
  }
  void Ask(const ProvisioningOrder& order, Done done) override {
    Add("ask " + order.name + " for " + order.what, {}, std::move(done));
  }
  void Withdraw(const ProvisioningRequest& request, Done done) override {
    Add("withdraw " + request.name, {}, std::move(done));
  }
  void Read(const PodName& pod, std::function<void(absl::StatusOr<Pod>)> done) override {
    calls.push_back({"read " + pod.text(), {}, std::move(done)});
  }

  // Answers the oldest outstanding call.
  void Answer(absl::StatusOr<Pod> result) {
    Call call = std::move(calls.front());
    calls.pop_front();
    call.answer(std::move(result));
  }
  void Succeed() { Answer(Pod()); }

  std::deque<Call> calls;

 private:
  void Add(std::string what, Labels annotations, Done done) {
    calls.push_back({std::move(what), std::move(annotations),
                     [done = std::move(done)](const absl::StatusOr<Pod>& result) { done(result.status()); }});
  }
};

// A bind call whose caller the test plays.
class FakeCall : public HeldCall {
 public:
  bool Alive() const override { return alive; }
  void Answer(const absl::Status& status) override {
    ++answers;
    answer = status;
  }

  bool alive = true;
  int answers = 0;
  absl::Status answer = absl::UnknownError("not answered");
};

}  // namespace muster::test
