// SPDX-License-Identifier: Apache-2.0
#include "test/simulation/script_player.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "nlohmann/json.hpp"
#include "test/support/builders.h"

namespace muster::test {
namespace {

using Json = nlohmann::json;

constexpr absl::Duration kMostWaiting = absl::Minutes(2);  // longer than any timeout

PodName Named(const std::string& name) { return PodName("default", name); }

bool IsCall(const std::string& verb) { return verb == "filter" || verb == "bind" || verb == "preempt"; }

}  // namespace

ScriptPlayer::ScriptPlayer() { StartScheduler(); }

void ScriptPlayer::StartScheduler() {
  KubeScheduler::Options options;
  options.profiles = {"scripted", "scripted-too"};
  options.small_windows = false;
  options.prepare = [this](const Pod& pod, std::function<void()> ready) {
    const std::string name(pod.name.name());
    if (unprepared_.contains(name)) {
      unprepared_[name] = std::move(ready);
    } else {
      timeline_.After(absl::Milliseconds(5), std::move(ready));
    }
  };
  schedulers_.push_back(
      std::make_unique<KubeScheduler>(timeline_, api_, faults_, *this, violations_, std::move(options)));
}

std::string ScriptPlayer::Play(const Json& script) {
  for (const auto& [name, gpus] : script.at("nodes").items()) api_.Put(NodeOf(name, gpus.get<int64_t>()));
  steps_ = &script.at("steps");
  while (number_ < steps_->size()) {
    const Json& step = (*steps_)[number_++];
    Do(step);
    for (const std::string& violation : violations_.all()) Unmet(violation);
    if (!unmet_.empty()) {
      return absl::StrCat("step ", number_, ", ", step.dump(), ": ", unmet_, "\ncalls so far:\n",
                          absl::StrJoin(calls_, "\n"));
    }
  }
  return "";
}

void ScriptPlayer::Unmet(const std::string& what) {
  if (unmet_.empty()) unmet_ = what;
}

void ScriptPlayer::RunUntil(const std::function<bool()>& holds) {
  if (holds()) return;
  timeline_.RunUntil(timeline_.Now() + kMostWaiting, [&] { return !unmet_.empty() || holds(); });
}

// The verb is the key whose value names what the step is about; others qualify it.
void ScriptPlayer::Do(const Json& step) {
  static const std::set<std::string> kQualifiers = {"among",     "answer",  "cpus",     "gated",  "gpus",
                                                    "nominated", "on",      "priority", "reason", "scheduler",
                                                    "to",        "victims", "volume",   "with"};
  if (step.contains("quiet")) {
    timeline_.RunUntil(timeline_.Now() + absl::Seconds(step.at("quiet").get<int64_t>()),
                       [&] { return !unmet_.empty(); });
    return;
  }
  if (step.contains("answer") && step.contains("with")) {
    return AnswerBind(step.at("answer").get<std::string>(), step.at("with").get<std::string>());
  }
  for (const auto& [verb, name] : step.items()) {
    if (kQualifiers.contains(verb)) continue;
    if (!IsCall(verb)) return Change(verb, name.get<std::string>(), step);
    expected_ = &step;
    RunUntil([&] { return expected_ == nullptr; });
    if (expected_ != nullptr) Unmet("no call came");
    if (verb == "bind" && unmet_.empty())
      AnswerBind(name.get<std::string>(), step.at("answer").get<std::string>());
    return;
  }
  Unmet("no verb");
}

void ScriptPlayer::Change(const std::string& verb, const std::string& name, const Json& step) {
  if (verb == "pod") return WaitForState(name, step);
  if (verb == "kube-scheduler") {
    name == "killed" ? schedulers_.back()->Kill() : StartScheduler();
  } else if (verb == "extender") {
    up_ = name == "up";
  } else if (verb == "caller gone") {
    RunUntil([&] { return !binds_.at(name).held->Alive(); });
    if (binds_.at(name).held->Alive()) Unmet("its caller waits");
  } else if (verb == "prepared") {
    RunUntil([&] { return unprepared_.at(name) != nullptr; });
    if (unprepared_.at(name) == nullptr) return Unmet("nobody prepares it");
    timeline_.After(absl::Milliseconds(5), std::exchange(unprepared_.at(name), nullptr));
  } else if (absl::EndsWith(verb, "node") || absl::EndsWith(verb, "cordon")) {
    ChangeNode(verb, name, step);
  } else {
    ChangePod(verb, name, step);
  }
}

void ScriptPlayer::ChangeNode(const std::string& verb, const std::string& name, const Json& step) {
  if (verb == "create node") return api_.Put(NodeOf(name, step.value("gpus", int64_t{8})));
  if (verb == "delete node") return api_.Remove(NodeName(name));
  Node node = *api_.truth().FindNode(NodeName(name))->node;
  node.unschedulable = verb == "cordon";
  api_.Put(std::move(node));
}

Pod ScriptPlayer::MakePod(const std::string& name, const Json& step) {
  Pod pod = PodOf(name, step.value("gpus", int64_t{8}));
  pod.uid = PodUid(absl::StrCat(name, "-", ++uids_));
  pod.shape.requests.cpu_millis = step.value("cpus", int64_t{1}) * 1000;
  pod.priority = step.value("priority", 0);
  pod.scheduler_name = step.value("scheduler", "scripted");
  if (step.value("gated", false)) pod.gates = {"example.com/gate"};
  if (step.value("volume", false)) unprepared_[name] = nullptr;
  return pod;
}

void ScriptPlayer::ChangePod(const std::string& verb, const std::string& name, const Json& step) {
  if (verb == "create") return api_.Put(MakePod(name, step));
  if (verb == "run") {
    Pod pod = BoundTo(MakePod(name, step), step.at("on").get<std::string>());
    pod.phase = PodPhase::kRunning;
    return api_.Put(std::move(pod));
  }
  if (verb == "delete") return api_.Delete(Named(name));
  if (verb == "kubelet removes") {
    RunUntil([&] { return api_.truth().FindPod(Named(name))->deleting; });
    if (!api_.truth().FindPod(Named(name))->deleting) return Unmet("nobody deletes it");
    return api_.Remove(Named(name));
  }
  Pod pod = *api_.truth().FindPod(Named(name));
  if (verb == "label") {
    pod.labels["example.com/changed"] = "yes";
  } else if (verb == "ungate") {
    pod.gates.clear();
  } else if (verb == "nominate") {
    pod.nominated = NodeName(step.at("to").get<std::string>());
  } else {
    return Unmet("unknown verb");
  }
  api_.Put(std::move(pod));
}

void ScriptPlayer::WaitForState(const std::string& name, const Json& step) {
  std::string got;
  RunUntil([&] {
    const std::shared_ptr<const Pod> pod = api_.truth().FindPod(Named(name));
    const Json on = pod->bound() ? Json(pod->node.text()) : Json(nullptr);
    const std::string reason = pod->bound() ? "" : schedulers_.back()->ReasonOf(pod->uid);
    got =
        absl::StrCat("it is on ", on.dump(), ", nominated \"", pod->nominated.text(), "\", reason ", reason);
    return (!step.contains("on") || step.at("on") == on) &&
           (!step.contains("reason") || step.at("reason") == reason) &&
           (!step.contains("nominated") || step.at("nominated") == pod->nominated.text());
  });
  const std::shared_ptr<const Pod> pod = api_.truth().FindPod(Named(name));
  const bool on =
      !step.contains("on") || step.at("on") == (pod->bound() ? Json(pod->node.text()) : Json(nullptr));
  const bool nominated = !step.contains("nominated") || step.at("nominated") == pod->nominated.text();
  const bool reason = !step.contains("reason") || step.at("reason") == schedulers_.back()->ReasonOf(pod->uid);
  if (!on || !nominated || !reason) Unmet(got);
}

bool ScriptPlayer::Expected(const std::string& verb, const std::string& pod) {
  // Two calls of one attempt come without anything between them.
  if (expected_ == nullptr && number_ < steps_->size() && (*steps_)[number_].contains(verb)) {
    expected_ = &(*steps_)[number_++];
  }
  if (expected_ != nullptr && expected_->contains(verb) && expected_->at(verb) == pod) return true;
  Unmet(absl::StrCat(verb, " of ", pod, " came"));
  return false;
}

absl::StatusOr<FilterAnswer> ScriptPlayer::Filter(const FilterCall& call) {
  if (!up_) return absl::UnavailableError("connection refused");
  const std::string pod(call.pod.name.name());
  std::vector<std::string> among(call.candidates.begin(), call.candidates.end());
  std::sort(among.begin(), among.end());
  calls_.push_back(absl::StrCat("filter ", pod, " ", absl::StrJoin(among, " ")));
  if (!Expected("filter", pod)) return absl::UnavailableError("unexpected");
  const Json& step = *std::exchange(expected_, nullptr);
  if (step.at("among") != Json(among)) Unmet(absl::StrCat("asked about ", absl::StrJoin(among, " ")));
  const std::string answer = step.at("answer").get<std::string>();
  if (answer == "error") return absl::InternalError("as the script says");
  if (answer == "refused" || answer == "unresolvable") return FilterAnswer(Refused{"as the script says"});
  return FilterAnswer(PassOne{NodeName(answer)});
}

absl::StatusOr<std::vector<EvictionOption>> ScriptPlayer::Preempt(const PreemptCall& call) {
  const std::string pod(call.pod.name.name());
  calls_.push_back(absl::StrCat("preempt ", pod));
  if (!Expected("preempt", pod)) return absl::UnavailableError("unexpected");
  const Json& step = *std::exchange(expected_, nullptr);
  Json offered = Json::object();
  std::vector<EvictionOption> allowed;
  for (const EvictionOption& option : call.options) {
    Json& victims = offered[option.node.text()] = Json::array();
    api_.truth().pods().ForEach([&](const PodName& name, const std::shared_ptr<const Pod>& other) {
      if (std::count(option.victims.begin(), option.victims.end(), other->uid) > 0)
        victims.push_back(name.name());
    });
    const Json& answer = step.at("answer");
    if (std::count(answer.begin(), answer.end(), option.node.text()) > 0) allowed.push_back(option);
  }
  if (offered != step.at("victims")) Unmet(absl::StrCat("offered victims ", offered.dump()));
  return allowed;
}

absl::Status ScriptPlayer::Bind(const BindCall& call, std::shared_ptr<SimulatedBindCall> held) {
  if (!up_) return absl::UnavailableError("connection refused");
  const std::string pod(call.pod.name());
  calls_.push_back(absl::StrCat("bind ", pod, " ", call.node.text()));
  binds_[pod] = {call, std::move(held)};
  if (!Expected("bind", pod)) return absl::OkStatus();
  const Json& step = *std::exchange(expected_, nullptr);
  if (step.at("to") != call.node.text()) Unmet(absl::StrCat("bound to ", call.node.text()));
  return absl::OkStatus();
}

void ScriptPlayer::AnswerBind(const std::string& pod, const std::string& answer) {
  const auto& [call, held] = binds_.at(pod);
  if (absl::StartsWith(answer, "bound")) {
    if (absl::Status s = api_.Bind({call.pod, call.uid, ""}, call.node); !s.ok()) Unmet(s.ToString());
  }
  if (answer == "bound") held->Answer(absl::OkStatus());
  if (answer == "error") held->Answer(absl::InternalError("as the script says"));
}

}  // namespace muster::test
