// SPDX-License-Identifier: Apache-2.0
#include "server/metrics/metrics.h"

#include <map>
#include <set>
#include <utility>

#include "absl/synchronization/mutex.h"
#include "prometheus/counter.h"
#include "prometheus/family.h"
#include "prometheus/gauge.h"
#include "prometheus/histogram.h"
#include "prometheus/registry.h"
#include "prometheus/text_serializer.h"

namespace muster {
namespace {

// From a look-up to the 60 s that kube-scheduler waits for a held bind.
const prometheus::Histogram::BucketBoundaries kVerbSeconds = {
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 15, 30, 60};

const char* Name(Verb verb) {
  switch (verb) {
    case Verb::kFilter:
      return "filter";
    case Verb::kPrioritize:
      return "prioritize";
    case Verb::kBind:
      return "bind";
    case Verb::kPreempt:
      return "preempt";
  }
  return "";
}

const char* Name(VerbOutcome outcome) {
  switch (outcome) {
    case VerbOutcome::kPassedAll:
      return "passed_all";
    case VerbOutcome::kPassedOne:
      return "passed_one";
    case VerbOutcome::kRefused:
      return "refused";
    case VerbOutcome::kAnswered:
      return "answered";
    case VerbOutcome::kBound:
      return "bound";
    case VerbOutcome::kCallerGone:
      return "caller_gone";
    case VerbOutcome::kNotReady:
      return "not_ready";
    case VerbOutcome::kBadRequest:
      return "bad_request";
    case VerbOutcome::kError:
      return "error";
  }
  return "";
}

// Which outcomes a verb can have. Those alone are shown, from the start: a
// counter that appears with its first event hides that event from rate().
const std::multimap<Verb, VerbOutcome>& Outcomes() {
  static const auto& outcomes = *new std::multimap<Verb, VerbOutcome>{
      {Verb::kFilter, VerbOutcome::kPassedAll},
      {Verb::kFilter, VerbOutcome::kPassedOne},
      {Verb::kFilter, VerbOutcome::kRefused},
      {Verb::kFilter, VerbOutcome::kNotReady},
      {Verb::kFilter, VerbOutcome::kBadRequest},
      {Verb::kFilter, VerbOutcome::kError},
      {Verb::kPrioritize, VerbOutcome::kAnswered},
      {Verb::kPrioritize, VerbOutcome::kNotReady},
      {Verb::kPrioritize, VerbOutcome::kBadRequest},
      {Verb::kPrioritize, VerbOutcome::kError},
      {Verb::kBind, VerbOutcome::kBound},
      {Verb::kBind, VerbOutcome::kRefused},
      {Verb::kBind, VerbOutcome::kCallerGone},
      {Verb::kBind, VerbOutcome::kNotReady},
      {Verb::kBind, VerbOutcome::kBadRequest},
      {Verb::kBind, VerbOutcome::kError},
      {Verb::kPreempt, VerbOutcome::kAnswered},
      {Verb::kPreempt, VerbOutcome::kNotReady},
      {Verb::kPreempt, VerbOutcome::kBadRequest},
      {Verb::kPreempt, VerbOutcome::kError},
  };
  return outcomes;
}

// Those that `values` lacks are none.
void ShowAll(const std::map<std::string, int64_t>& values,
             const std::map<std::string, prometheus::Gauge*>& gauges) {
  for (const auto& [word, gauge] : gauges) {
    const auto at = values.find(word);
    gauge->Set(at == values.end() ? 0 : static_cast<double>(at->second));
  }
}
// Gauges with labels that come and go.
class ChangingGauges {
 public:
  explicit ChangingGauges(prometheus::Family<prometheus::Gauge>& family) : family_(family) {}

  // Between Begin and End every gauge that is still there is set.
  void Begin() { seen_.clear(); }
  void Set(const prometheus::Labels& labels, double value) {
    prometheus::Gauge*& gauge = gauges_[labels];
    if (gauge == nullptr) gauge = &family_.Add(labels);
    gauge->Set(value);
    seen_.insert(labels);
  }
  void End() {
    for (auto at = gauges_.begin(); at != gauges_.end();) {
      if (seen_.contains(at->first)) {
        ++at;
        continue;
      }
      family_.Remove(at->second);
      at = gauges_.erase(at);
    }
  }

 private:
  prometheus::Family<prometheus::Gauge>& family_;
  std::map<prometheus::Labels, prometheus::Gauge*> gauges_;
  std::set<prometheus::Labels> seen_;
};

void Raise(prometheus::Counter& counter, double total) {
  const double more = total - counter.Value();
  if (more > 0) counter.Increment(more);
}

}  // namespace

struct Metrics::Families {
  template <typename Builder>
  static auto& Family(Builder builder, const char* name, const char* help, prometheus::Registry& registry) {
    return builder.Name(name).Help(help).Register(registry);
  }

  prometheus::Gauge& Gauge(const char* name, const char* help) {
    return Family(prometheus::BuildGauge(), name, help, registry).Add({});
  }
  prometheus::Family<prometheus::Gauge>& GaugesOf(const char* name, const char* help) {
    return Family(prometheus::BuildGauge(), name, help, registry);
  }
  prometheus::Counter& Counter(const char* name, const char* help) {
    return Family(prometheus::BuildCounter(), name, help, registry).Add({});
  }

  Families() {
    auto& durations = Family(prometheus::BuildHistogram(), "muster_verb_duration_seconds",
                             "Time from the body of a verb's call to its answer.", registry);
    for (const auto& [verb, outcome] : Outcomes()) {
      verbs[{verb, outcome}] =
          &durations.Add({{"verb", Name(verb)}, {"outcome", Name(outcome)}}, kVerbSeconds);
    }
    auto& by_outcome =
        Family(prometheus::BuildGauge(), "muster_gangs", "Gangs by where they stand.", registry);
    placed = &by_outcome.Add({{"outcome", "placed"}});
    waiting = &by_outcome.Add({{"outcome", "waiting"}});
    refused = &by_outcome.Add({{"outcome", "refused"}});
    auto& by_problem =
        Family(prometheus::BuildGauge(), "muster_gpu_node_problems",
               "Nodes whose GPUs are used with care or not at all, by what is wrong.", registry);
    for (const char* problem : {"out_of_use", "unreadable", "fewer_units", "more_units", "unknown_product",
                                "unknown_profile", "impossible", "placements"}) {
      gpu_problems[problem] = &by_problem.Add({{"problem", problem}});
    }
    auto& by_advice = Family(prometheus::BuildGauge(), "muster_mig_advice_gangs",
                             "Refused gangs that lack MIG instances, by what would make room.", registry);
    for (const char* what : {"cut", "recut", "evict"}) advice[what] = &by_advice.Add({{"advice", what}});
    auto& by_result = Family(prometheus::BuildCounter(), "muster_bindings_total",
                             "Bindings posted to the API server, by how they ended.", registry);
    bindings_done = &by_result.Add({{"result", "done"}});
    bindings_failed = &by_result.Add({{"result", "failed"}});
    bindings_retried = &by_result.Add({{"result", "retried"}});
  }

  prometheus::Registry registry;
  std::map<std::pair<Verb, VerbOutcome>, prometheus::Histogram*> verbs;
  prometheus::Gauge* placed = nullptr;
  prometheus::Gauge* waiting = nullptr;
  prometheus::Gauge* refused = nullptr;
  prometheus::Counter* bindings_done = nullptr;
  prometheus::Counter* bindings_failed = nullptr;
  prometheus::Counter* bindings_retried = nullptr;
  std::map<std::string, prometheus::Gauge*> gpu_problems;
  std::map<std::string, prometheus::Gauge*> advice;
  prometheus::Gauge& held = Gauge("muster_held_binds", "Bind calls over HTTP that wait for their answer.");
  prometheus::Gauge& barrier =
      Gauge("muster_barrier_calls", "Bind calls that wait for the rest of their gang.");
  prometheus::Gauge& connections = Gauge("muster_http_connections", "Open HTTP connections.");
  prometheus::Gauge& promises = Gauge("muster_promised_seats", "Seats that are promised and not bound yet.");
  prometheus::Gauge& departing_nodes = Gauge("muster_departing_nodes", "Nodes that are about to go.");
  prometheus::Gauge& departing_members =
      Gauge("muster_departing_members", "Members of gangs on nodes that are about to go.");
  prometheus::Gauge& next_departure = Gauge("muster_next_departure_timestamp_seconds",
                                            "When the first of these nodes ends; 0 where nobody says.");
  absl::Mutex costs_mu;  // scrapes may overlap
  ChangingGauges seated{GaugesOf("muster_seated_pods_hourly_cost",
                                 "What the bound pods of a namespace cost an hour, by class of node.")};
  ChangingGauges waiting_cost{GaugesOf(
      "muster_waiting_hourly_cost", "What promised seats of a namespace cost an hour that are still empty.")};
  ChangingGauges gpus{GaugesOf("muster_gpus", "GPUs of nodes, by class.")};
  ChangingGauges idle_gpus{
      GaugesOf("muster_idle_gpus_ratio", "Of the GPUs of a class the part that no pod asks for.")};
  prometheus::Counter& nominations =
      Counter("muster_nominations_total", "Nominations of pods that were asked for, repeated ones included.");
  prometheus::Counter& undone =
      Counter("muster_undo_total", "Pods evicted because their gang could not be completed.");
  prometheus::Counter& restarted =
      Counter("muster_restart_total", "Pods evicted so that their gang, which lost members, is placed anew.");
  prometheus::Counter& ungated =
      Counter("muster_ungated_total", "Pods of which the gate muster.dev/gang was taken away.");
  prometheus::Counter& asked =
      Counter("muster_provisioning_requests_total", "ProvisioningRequests made for gangs that do not fit.");
  prometheus::Counter& made_way = Counter("muster_placeholder_evictions_total",
                                          "Placeholders evicted for a gang, repeated evictions included.");
  prometheus::Counter& plans = Counter("muster_plans_total", "Gangs planned, with or without success.");
  prometheus::Counter& planning =
      Counter("muster_planning_seconds_total", "Time spent planning, all gangs together.");
};

Metrics::Metrics() : families_(std::make_unique<Families>()) {}
Metrics::~Metrics() = default;

void Metrics::VerbEnded(Verb verb, VerbOutcome outcome, absl::Duration took) {
  const auto at = families_->verbs.find({verb, outcome});
  if (at != families_->verbs.end()) at->second->Observe(absl::ToDoubleSeconds(took));
}

void Metrics::SetHeldBinds(int64_t held) { families_->held.Set(static_cast<double>(held)); }
void Metrics::SetConnections(int64_t open) { families_->connections.Set(static_cast<double>(open)); }

void Metrics::Show(const Standing& standing) {
  families_->placed->Set(static_cast<double>(standing.placed_gangs));
  families_->waiting->Set(static_cast<double>(standing.waiting_gangs));
  families_->refused->Set(static_cast<double>(standing.refused_gangs));
  families_->promises.Set(static_cast<double>(standing.promises));
  families_->departing_nodes.Set(static_cast<double>(standing.departing_nodes));
  families_->departing_members.Set(static_cast<double>(standing.departing_members));
  const bool known = standing.next_departure != absl::InfiniteFuture();
  families_->next_departure.Set(known ? static_cast<double>(absl::ToUnixSeconds(standing.next_departure))
                                      : 0);
  families_->barrier.Set(static_cast<double>(standing.barrier));
  ShowAll(standing.gpu_problems, families_->gpu_problems);
  ShowAll(standing.advice, families_->advice);
}

void Metrics::Show(const Costs& costs) {
  Families& f = *families_;
  absl::MutexLock lock(&f.costs_mu);
  for (ChangingGauges* gauges : {&f.seated, &f.waiting_cost, &f.gpus, &f.idle_gpus}) gauges->Begin();
  for (const auto& [ns, cost] : costs.namespaces) {
    for (size_t c = 0; c < cost.seated.size(); ++c) {
      if (cost.seated[c] <= 0) continue;
      f.seated.Set({{"namespace", ns}, {"class", std::string(Word(static_cast<CapacityClass>(c)))}},
                   cost.seated[c]);
    }
    if (cost.waiting > 0) f.waiting_cost.Set({{"namespace", ns}}, cost.waiting);
  }
  for (size_t c = 0; c < costs.gpus.size(); ++c) {
    if (costs.gpus[c] <= 0) continue;
    const prometheus::Labels labels = {{"class", std::string(Word(static_cast<CapacityClass>(c)))}};
    f.gpus.Set(labels, costs.gpus[c]);
    f.idle_gpus.Set(labels, costs.idle_gpus[c] / costs.gpus[c]);
  }
  for (ChangingGauges* gauges : {&f.seated, &f.waiting_cost, &f.gpus, &f.idle_gpus}) gauges->End();
}

void Metrics::Show(const Totals& totals) {
  Raise(*families_->bindings_done, static_cast<double>(totals.bindings_done));
  Raise(*families_->bindings_failed, static_cast<double>(totals.bindings_failed));
  Raise(*families_->bindings_retried, static_cast<double>(totals.bindings_retried));
  Raise(families_->nominations, static_cast<double>(totals.nominations));
  Raise(families_->undone, static_cast<double>(totals.undone));
  Raise(families_->restarted, static_cast<double>(totals.restarted));
  Raise(families_->ungated, static_cast<double>(totals.ungated));
  Raise(families_->asked, static_cast<double>(totals.asked));
  Raise(families_->made_way, static_cast<double>(totals.made_way));
  Raise(families_->plans, static_cast<double>(totals.plans));
  Raise(families_->planning, absl::ToDoubleSeconds(totals.planning));
}

std::string Metrics::Text() const {
  return prometheus::TextSerializer().Serialize(families_->registry.Collect());
}

}  // namespace muster
