// SPDX-License-Identifier: Apache-2.0
#include "test/scenario/scenario.h"

#include <algorithm>
#include <chrono>
#include <deque>
#include <map>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/synchronization/mutex.h"
#include "nlohmann/json.hpp"
#include "server/commit/decisions.h"
#include "server/embedded/embedded_cluster.h"
#include "server/embedded/manifests.h"
#include "test/scenario/manifest.h"
#include "test/support/manual_api.h"

namespace muster::test {
namespace {

using Json = nlohmann::json;

// Work that calls leave behind, run by the test between the steps.
class Queue {
 public:
  void Add(std::function<void()> work) {
    absl::MutexLock lock(&mu_);
    work_.push_back(std::move(work));
  }
  bool RunOne() {
    std::function<void()> next;
    {
      absl::MutexLock lock(&mu_);
      if (work_.empty()) return false;
      next = std::move(work_.front());
      work_.pop_front();
    }
    next();
    return true;
  }

 private:
  absl::Mutex mu_;
  std::deque<std::function<void()>> work_;
};

class Player {
 public:
  explicit Player(const SubjectFactory& make_subject) : subject_(make_subject(decisions_)) {
    cluster_.Watch([this](std::shared_ptr<const ClusterView> view) { decisions_.Observe(std::move(view)); });
  }

  std::vector<std::string> Play(const Json& scenario) {
    Create(scenario.at("cluster"));
    Settle();
    for (const Json& step : scenario.at("steps")) {
      ++number_;
      Step(step);
      Settle();
    }
    return std::move(unmet_);
  }

 private:
  void Step(const Json& step) {
    const std::string verb = step.begin().key();
    if (step.contains("filter")) return Filter(step);
    if (step.contains("bind")) return Bind(step);
    if (step.contains("caller gone")) return HangUp(step.at("caller gone"));
    if (step.contains("preempt")) return Preempt(step);
    if (step.contains("create")) return Create(step.at("create"));
    if (step.contains("delete pod")) return DeletePod(step.at("delete pod"));
    if (step.contains("delete node")) return DeleteNode(step.at("delete node"));
    if (step.contains("delete pod group")) return DeletePodGroup(step.at("delete pod group"));
    if (step.contains("advance")) return Advance(step.at("advance"));
    if (step.contains("answered")) return Answered(step);
    if (step.contains("pods on")) return PodsOn(step);
    if (step.contains("gates")) return Gates(step);
    if (step.contains("consumes")) return Consumes(step);
    if (step.contains("requests")) return Requests(step);
    if (step.contains("request of")) return AnswerRequest(step);
    if (step.contains("gang")) return Gang(step);
    Unmet(absl::StrCat("unknown step \"", verb, "\""));
  }

  void Unmet(const std::string& what) { unmet_.push_back(absl::StrCat("step ", number_, ": ", what)); }

  void Create(const Json& shorthand) {
    for (const Json& object : Manifests(shorthand)) {
      muster::Manifests read;
      cluster_.Change([&](ClusterView& view) {
        read.view = view;
        const absl::Status status = ReadManifestText("scenario", object.dump(), read);
        if (!status.ok()) Unmet(std::string(status.message()));
        view = read.view;
      });
      if (object.value("kind", "") == "Pod") pods_[object.at("/metadata/name"_json_pointer)] = object;
    }
  }

  void DeletePod(const std::string& name) {
    cluster_.Change([&](ClusterView& view) { view.RemovePod(PodName("default", name)); });
  }
  void DeleteNode(const std::string& name) {
    cluster_.Change([&](ClusterView& view) { view.RemoveNode(NodeName(name)); });
  }

  void DeletePodGroup(const std::string& name) {
    cluster_.Change([&](ClusterView& view) {
      view.RemoveDeclaration({"PodGroup.scheduling.x-k8s.io", GangId("default", name)});
    });
  }

  void Advance(const std::string& by) {
    absl::Duration duration;
    if (!absl::ParseDuration(by, &duration)) return Unmet(absl::StrCat("no duration: ", by));
    clock_.Advance(duration);
  }

  // Lets the replies of the API server and the periodic work happen.
  void Settle() {
    for (int round = 0; round < 3; ++round) {
      while (queue_.RunOne()) {
      }
      decisions_.Tick();
    }
    while (queue_.RunOne()) {
    }
  }

  // Waits in real time for what another thread will do: `done` is looked at
  // until it holds.
  template <typename Done>
  bool Await(Done done) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!done()) {
      if (std::chrono::steady_clock::now() > end) return false;
      while (queue_.RunOne()) {
      }
      std::this_thread::yield();
    }
    return true;
  }

  std::vector<std::string> AllNodes() {
    std::vector<std::string> names;
    cluster_.View()->nodes().ForEach(
        [&](const NodeName& name, const NodeState&) { names.push_back(name.text()); });
    return names;
  }

  // The pod as kube-scheduler would send it now.
  Json Current(const std::string& name) {
    Json pod = pods_.at(name);
    if (const auto live = cluster_.View()->FindPod(PodName("default", name))) {
      pod["status"]["nominatedNodeName"] = live->nominated.text();
    }
    return pod;
  }

  void Filter(const Json& step) {
    const std::string name = step.at("filter");
    const auto among = step.contains("among") ? step.at("among").get<std::vector<std::string>>() : AllNodes();
    Json pod = Current(name);
    if (step.contains("nominated")) pod["status"]["nominatedNodeName"] = step.at("nominated");
    const FilterResult result = subject_->Filter(pod, among);
    if (step.contains("nodes") && result.nodes != step.at("nodes").get<std::vector<std::string>>()) {
      Unmet(absl::StrCat("filter ", name, ": want nodes ", step.at("nodes").dump(), ", got [",
                         absl::StrJoin(result.nodes, ", "), "] ", result.refused));
    }
    if (step.contains("refused") &&
        !absl::StrContains(result.refused, step.at("refused").get<std::string>())) {
      Unmet(absl::StrCat("filter ", name, ": want a refusal with \"", step.at("refused").get<std::string>(),
                         "\", got \"", result.refused, "\" [", absl::StrJoin(result.nodes, ", "), "]"));
    }
  }

  void Bind(const Json& step) {
    const std::string name = step.at("bind");
    const int64_t held_before = decisions_.Count().held;
    const std::string uid = pods_.at(name).at("/metadata/uid"_json_pointer);
    bindings_[name] =
        subject_->Bind({PodName("default", name), PodUid(uid), NodeName(step.at("to").get<std::string>())});
    BindingCall& call = *bindings_[name];
    // A call that completes its gang is answered once the queue has run.
    Await([&] { return call.Answer().has_value() || decisions_.Count().held > held_before; });
    if (step.contains("then")) CheckAnswer(name, call, step.at("then"));
  }

  void Answered(const Json& step) {
    for (const auto& [name, want] : step.at("answered").items()) CheckAnswer(name, *bindings_.at(name), want);
  }

  void CheckAnswer(const std::string& name, BindingCall& call, const std::string& want) {
    std::string got = "held";
    if (want != "held") Await([&] { return call.Answer().has_value(); });
    if (const auto answer = call.Answer()) {
      got = answer->ok() ? "bound" : absl::StrCat("refused: ", std::string(answer->message()));
    }
    if (!absl::StrContains(got, want)) Unmet(absl::StrCat("bind ", name, ": want ", want, ", got ", got));
  }

  // Over a network the other side learns of it a moment later.
  void HangUp(const std::string& name) {
    const int64_t held_before = decisions_.Count().held;
    bindings_.at(name)->HangUp();
    const bool noticed = Await([&] {
      decisions_.Tick();
      return decisions_.Count().held < held_before;
    });
    if (!noticed) Unmet(absl::StrCat("nobody noticed that the caller of ", name, " is gone"));
  }

  void Preempt(const Json& step) {
    std::vector<EvictionOption> options;
    for (const auto& [node, victims] : step.at("evicting").items()) {
      EvictionOption& option = options.emplace_back(EvictionOption{NodeName(node), {}});
      for (const auto& victim : victims) option.victims.emplace_back("uid-" + victim.get<std::string>());
    }
    const auto got = subject_->Preempt(Current(step.at("preempt")), options);
    if (got != step.at("allowed").get<std::vector<std::string>>()) {
      Unmet(absl::StrCat("preempt: want ", step.at("allowed").dump(), ", got [", absl::StrJoin(got, ", "),
                         "]"));
    }
  }

  void PodsOn(const Json& step) {
    for (const auto& [name, node] : step.at("pods on").items()) {
      // Callers over a network learn of a commit a moment later than it is.
      std::string got;
      const std::string want = node.is_null() ? "" : node.get<std::string>();
      Await([&] {
        const auto pod = cluster_.View()->FindPod(PodName("default", name));
        got = pod == nullptr ? "deleted" : pod->node.text();
        return got == want || want.empty();
      });
      if (got != want) Unmet(absl::StrCat("pod ", name, ": want on \"", want, "\", is on \"", got, "\""));
    }
  }

  void Gates(const Json& step) {
    for (const auto& [name, want] : step.at("gates").items()) {
      const auto pod = cluster_.View()->FindPod(PodName("default", name));
      if (pod == nullptr || Json(pod->gates) != want) {
        Unmet(absl::StrCat("pod ", name, ": want gates ", want.dump(), ", got ",
                           pod == nullptr ? "no pod" : Json(pod->gates).dump()));
      }
    }
  }

  void Consumes(const Json& step) {
    for (const auto& [name, want] : step.at("consumes").items()) {
      const auto pod = cluster_.View()->FindPod(PodName("default", name));
      const std::string got = pod == nullptr ? "no pod" : pod->consumes;
      if (got != want) Unmet(absl::StrCat("pod ", name, " consumes \"", got, "\", want ", want.dump()));
    }
  }

  std::map<std::string, ProvisioningRequest> RequestsByGang() {
    std::map<std::string, ProvisioningRequest> requests;
    cluster_.View()->provisioning_requests().ForEach([&](const PodName&, const auto& request) {
      requests.insert_or_assign(std::string(request->gang.name()), *request);
    });
    return requests;
  }

  void Requests(const Json& step) {
    Json got = Json::object();
    for (const auto& [gang, request] : RequestsByGang()) got[gang] = request.attempt;
    if (got != step.at("requests"))
      Unmet(absl::StrCat("want requests ", step.at("requests").dump(), ", got ", got.dump()));
  }

  // As Cluster Autoscaler does.
  void AnswerRequest(const Json& step) {
    const std::string gang = step.at("request of");
    auto requests = RequestsByGang();
    if (!requests.contains(gang)) return Unmet(absl::StrCat("gang ", gang, " has no request"));
    ProvisioningRequest request = requests.at(gang);
    const std::string type = step.at("becomes");
    ProvisioningRequest::Condition& condition = type == "Accepted"          ? request.accepted
                                                : type == "Provisioned"     ? request.provisioned
                                                : type == "BookingExpired"  ? request.booking_expired
                                                : type == "CapacityRevoked" ? request.capacity_revoked
                                                                            : request.failed;
    using State = ProvisioningRequest::Condition::State;
    condition = {step.value("status", "True") == "True" ? State::kTrue : State::kFalse,
                 step.value("reason", ""), step.value("message", "")};
    cluster_.Change([&](ClusterView& view) { view.Upsert(request); });
  }

  void Gang(const Json& step) {
    const auto report = decisions_.Explain(GangId("default", step.at("gang").get<std::string>()));
    if (!report.ok()) return Unmet(std::string(report.status().message()));
    const std::string outcome(Word(report->outcome));
    if (step.value("outcome", outcome) != outcome) {
      Unmet(absl::StrCat("want outcome ", step.at("outcome").dump(), ", got ", outcome));
    }
    for (const auto& [field, text] : {std::pair{"later", report->later}, std::pair{"owner", report->owner}}) {
      if (step.contains(field) && !absl::StrContains(text, step.at(field).get<std::string>())) {
        Unmet(absl::StrCat("want ", field, " with ", step.at(field).dump(), ", got ", text));
      }
    }
    if (step.value("declaredBy", report->declared_by) != report->declared_by) {
      Unmet(absl::StrCat("want declaredBy ", step.at("declaredBy").dump(), ", got ", report->declared_by));
    }
    if (step.value("ignored", report->ignored) != report->ignored) {
      Unmet(absl::StrCat("want ignored ", step.at("ignored").dump(), ", got ", Json(report->ignored).dump()));
    }
    const Refusal refusal = report->refusal.value_or(Refusal());
    if (step.value("leftToScheduler", report->left_to_scheduler) != report->left_to_scheduler) {
      Unmet(absl::StrCat("want leftToScheduler ", step.at("leftToScheduler").dump(), ", got ",
                         Json(report->left_to_scheduler).dump()));
    }
    if (step.value("notes", refusal.notes) != refusal.notes) {
      Unmet(absl::StrCat("want notes ", step.at("notes").dump(), ", got ", Json(refusal.notes).dump()));
    }
    std::vector<std::string> advice;
    for (const Advice& one : refusal.advice) advice.push_back(one.text);
    if (step.value("advice", advice) != advice) {
      Unmet(absl::StrCat("want advice ", step.at("advice").dump(), ", got ", Json(advice).dump()));
    }
    CheckCapacity(step, *report);
    CheckScaleUp(step, *report);
    const std::string text = report->refusal.has_value() ? report->refusal->text : "";
    if (!absl::StrContains(text, step.value("says", ""))) {
      Unmet(absl::StrCat("want a refusal with ", step.at("says").dump(), ", got \"", text, "\""));
    }
  }

  // Each text is a part of its line.
  void CheckScaleUp(const Json& step, const GangReport& report) {
    if (!step.contains("scaleUp")) return;
    const auto want = step.at("scaleUp").get<std::vector<std::string>>();
    bool same = want.size() == report.scale_up.size();
    for (size_t i = 0; same && i < want.size(); ++i) same = absl::StrContains(report.scale_up[i], want[i]);
    if (!same) {
      Unmet(absl::StrCat("want scaleUp ", step.at("scaleUp").dump(), ", got ", Json(report.scale_up).dump()));
    }
  }

  // Of which class the seats are, and which members are on nodes that go.
  void CheckCapacity(const Json& step, const GangReport& report) {
    if (step.contains("capacity")) {
      Json got = Json::object();
      for (const Seat& seat : report.seats)
        got[std::string(seat.pod.name())] = std::string(Word(seat.capacity));
      if (got != step.at("capacity")) {
        Unmet(absl::StrCat("want capacity ", step.at("capacity").dump(), ", got ", got.dump()));
      }
    }
    if (step.contains("leaving")) {
      Json got = Json::object();
      for (const LeavingMember& m : report.leaving) {
        got[std::string(m.pod.name())] =
            m.signal +
            (m.deadline ? " until " + absl::FormatTime(absl::RFC3339_sec, *m.deadline, absl::UTCTimeZone())
                        : "");
      }
      if (got != step.at("leaving")) {
        Unmet(absl::StrCat("want leaving ", step.at("leaving").dump(), ", got ", got.dump()));
      }
    }
    GangWasRepaired(step, report);
  }

  void GangWasRepaired(const Json& step, const GangReport& report) {
    if (step.contains("repair") && report.repair != step.at("repair").get<std::string>()) {
      Unmet(absl::StrCat("want repair ", step.at("repair").dump(), ", got ", report.repair));
    }
    if (!step.contains("rejected")) return;
    Json got = Json::object();
    for (const RejectedMember& m : report.rejected) {
      got[std::string(m.pod.name())] = absl::StrCat(m.node.text(), ": ", m.reason);
    }
    if (got != step.at("rejected")) {
      Unmet(absl::StrCat("want rejected ", step.at("rejected").dump(), ", got ", got.dump()));
    }
  }

  Queue queue_;
  FakeClock clock_;
  EmbeddedCluster cluster_{ClusterView(),
                           [this](std::function<void()> work) { queue_.Add(std::move(work)); }};
  Decisions decisions_{DecisionsOptions(), clock_, cluster_, [] { return true; }, nullptr};
  std::map<std::string, Json> pods_;
  std::vector<std::string> unmet_;
  int number_ = 0;
  std::map<std::string, std::unique_ptr<BindingCall>> bindings_;
  std::unique_ptr<Subject> subject_;
};

}  // namespace

std::vector<std::string> Play(const Json& scenario, const SubjectFactory& make_subject) {
  return Player(make_subject).Play(scenario);
}

}  // namespace muster::test
