// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "nlohmann/json_fwd.hpp"
#include "test/simulation/api_server.h"
#include "test/simulation/extender.h"
#include "test/simulation/kube_scheduler.h"
#include "test/simulation/timeline.h"
#include "test/simulation/violations.h"

namespace muster::test {

// Plays a script (scripts/README.md) on the simulated kube-scheduler, as its
// extender and as everybody who changes the cluster.
//
// What the script expects is compared as it happens; the first difference ends
// the play.
class ScriptPlayer : public SimulatedExtender {
 public:
  ScriptPlayer();

  // What did not come to pass, with the number of its step; empty if all did.
  std::string Play(const nlohmann::json& script);

  absl::StatusOr<FilterAnswer> Filter(const FilterCall& call) override;
  absl::StatusOr<std::vector<EvictionOption>> Preempt(const PreemptCall& call) override;
  absl::Status Bind(const BindCall& call, std::shared_ptr<SimulatedBindCall> held) override;

 private:
  using Json = nlohmann::json;

  void Do(const Json& step);
  void Change(const std::string& verb, const std::string& name, const Json& step);
  void ChangePod(const std::string& verb, const std::string& name, const Json& step);
  void ChangeNode(const std::string& verb, const std::string& name, const Json& step);
  Pod MakePod(const std::string& name, const Json& step);
  void StartScheduler();
  // Whether the call is the one that the current step expects.
  bool Expected(const std::string& verb, const std::string& pod);
  void AnswerBind(const std::string& pod, const std::string& answer);
  void WaitForState(const std::string& name, const Json& step);
  // Lets time pass until it holds, or nothing more is to be expected.
  void RunUntil(const std::function<bool()>& holds);
  void Unmet(const std::string& what);

  Timeline timeline_{1};
  Violations violations_{timeline_};
  ApiServer api_{timeline_};
  const Faults faults_;
  std::vector<std::unique_ptr<KubeScheduler>> schedulers_;  // the killed ones too
  bool up_ = true;
  int64_t uids_ = 0;
  const Json* expected_ = nullptr;  // the call that is waited for
  const Json* steps_ = nullptr;
  size_t number_ = 0;  // of the current step, from one
  std::string unmet_;
  std::vector<std::string> calls_;
  struct Held {
    BindCall call;
    std::shared_ptr<SimulatedBindCall> held;
  };
  std::map<std::string, Held> binds_;  // the last of each pod
  std::map<std::string, std::function<void()>> unprepared_;
};

}  // namespace muster::test
