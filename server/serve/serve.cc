// SPDX-License-Identifier: Apache-2.0
#include "server/serve/serve.h"

#include <spdlog/spdlog.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <fstream>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "server/clock.h"
#include "server/commit/decisions.h"
#include "server/embedded/manifests.h"
#include "server/extender/http_server.h"
#include "server/grpc/grpc_server.h"
#include "server/metrics/metrics.h"
#include "server/prices/price_files.h"
#include "server/serve/candidate.h"
#include "server/serve/source.h"
#include "server/threads/ticker.h"
#include "server/tls/tls_context.h"

namespace muster {
namespace {

constexpr absl::Duration kTick = absl::Milliseconds(100);

ExpanderOrder ExpanderOrderOf(absl::string_view word) {
  if (word == "least-waste") return ExpanderOrder::kLeastWaste;
  if (word == "most-pods") return ExpanderOrder::kMostPods;
  return word == "priority" ? ExpanderOrder::kPriority : ExpanderOrder::kLeastCost;
}

DecisionsOptions MakeDecisionsOptions(const Config& config, Prices prices, absl::Time start) {
  DecisionsOptions options;
  options.engine = {.gang_deadline = config.gangs.deadline,
                    .later_holds = config.gangs.later_holds,
                    // The others are for filter calls, probes and metrics meanwhile.
                    .most_held = config.extender.max_connections - config.extender.max_connections / 8,
                    .declined_for = config.gangs.declined_for,
                    .stand_back = config.gangs.stand_back,
                    .text_holds = config.gangs.refusal_holds,
                    .scheduler_names = config.gangs.scheduler_names,
                    .topology = {.levels = config.topology.levels},
                    .closeness = ClosenessOf(config.gangs),
                    .patience = config.gangs.patience,
                    .repair = RepairOf(config.gangs),
                    .repair_grace = config.gangs.repair_grace,
                    .tenants = TenantOptionsOf(config.gpus),
                    .capacity = CapacityOf(config.capacity),
                    .reclaimed_for = config.capacity.reclaimed_for,
                    .scale_up = ScaleUpOf(config.scale_up),
                    .move_leaving = config.capacity.leaving == "move"};
  options.engine.capacity.prices = std::move(prices);
  options.expander = {.order = ExpanderOrderOf(config.capacity.expander),
                      .groups = config.capacity.expander_groups};
  options.http_timeout = config.extender.http_timeout;
  options.hold_margin = config.extender.hold_margin;
  options.epoch = absl::StrCat(absl::ToUnixMillis(start));
  return options;
}

ExtenderOptions MakeExtenderOptions(const Config::Extender& config, std::shared_ptr<TlsContext> tls,
                                    std::function<void()> before_scrape) {
  ExtenderOptions options;
  options.connections.tls = std::move(tls);
  options.connections.address = config.listen;
  options.connections.max_connections = static_cast<size_t>(config.max_connections);
  options.connections.max_body_bytes = static_cast<size_t>(config.max_body_bytes);
  options.connections.idle = config.idle_timeout;
  options.connections.request = config.request_timeout;
  options.before_scrape = std::move(before_scrape);
  return options;
}

// Null without TLS.
absl::StatusOr<std::shared_ptr<TlsContext>> OpenTls(const TlsFiles& files) {
  if (!files.enabled()) return std::shared_ptr<TlsContext>();
  return TlsContext::Open(files);
}

GrpcOptions MakeGrpcOptions(const Config& config) {
  GrpcOptions options;
  options.address = config.grpc.listen;
  options.max_message_bytes = static_cast<int>(config.grpc.max_message_bytes);
  options.tls = config.tls;
  return options;
}

absl::StatusOr<ClusterView> ReadTexts(absl::Span<const std::string> texts) {
  Manifests manifests;
  for (size_t i = 0; i < texts.size(); ++i) {
    if (absl::Status s = ReadManifestText(absl::StrCat("manifests[", i, "]"), texts[i], manifests); !s.ok())
      return s;
  }
  return std::move(manifests.view);
}

template <typename Kind>
std::map<std::string, int64_t> ByWord(const std::map<Kind, int64_t>& counts) {
  std::map<std::string, int64_t> by_word;
  for (const auto& [kind, count] : counts) by_word[std::string(Word(kind))] = count;
  return by_word;
}

void ShowNumbers(const Decisions::Numbers& numbers, Metrics& metrics) {
  const auto gangs = [&](Outcome outcome) {
    const auto at = numbers.gangs.find(outcome);
    return at == numbers.gangs.end() ? 0 : at->second;
  };
  metrics.Show(Metrics::Standing{.placed_gangs = gangs(Outcome::kPlaced),
                                 .waiting_gangs = gangs(Outcome::kWaiting),
                                 .refused_gangs = gangs(Outcome::kRefused),
                                 .promises = numbers.promised_seats,
                                 .departing_nodes = numbers.departures.nodes,
                                 .departing_members = numbers.departures.members,
                                 .next_departure = numbers.departures.next_deadline,
                                 .barrier = numbers.held,
                                 .gpu_problems = ByWord(numbers.gpu_problems),
                                 .advice = ByWord(numbers.advice)});
  metrics.Show(Metrics::Totals{.bindings_done = numbers.bindings.done,
                               .bindings_failed = numbers.bindings.failed,
                               .bindings_retried = numbers.bindings.retried,
                               .nominations = numbers.nominations,
                               .undone = numbers.undone,
                               .restarted = numbers.restarted,
                               .ungated = numbers.scale_ups.ungated,
                               .asked = numbers.scale_ups.asked,
                               .made_way = numbers.scale_ups.evicted,
                               .plans = numbers.plans,
                               .planning = numbers.planning});
}

// Signals are blocked before any thread exists, so that only the one that
// waits for them sees them.
sigset_t BlockStopSignals() {
  std::signal(SIGPIPE, SIG_IGN);
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTERM);
  sigaddset(&stop, SIGINT);
  pthread_sigmask(SIG_BLOCK, &stop, nullptr);
  return stop;
}

absl::Status WritePorts(const std::string& path, int http, int grpc) {
  if (path.empty()) return absl::OkStatus();
  // Renamed into place: a reader that finds the file finds all of it.
  const std::string unfinished = path + ".new";
  std::ofstream file(unfinished);
  file << "http=" << http << "\ngrpc=" << grpc << "\n";
  file.close();
  if (!file || std::rename(unfinished.c_str(), path.c_str()) != 0) {
    return absl::UnavailableError(absl::StrCat(path, ": can't be written"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status Serve(const Config& config, const std::string& port_file) {
  const sigset_t stop = BlockStopSignals();
  absl::StatusOr<std::unique_ptr<ClusterSource>> source = OpenCluster(config);
  if (!source.ok()) return source.status();

  const auto tls = OpenTls(config.tls);
  if (!tls.ok()) return tls.status();
  absl::StatusOr<Prices> prices = LoadPrices(config.capacity.price_files, config.capacity.prices);
  if (!prices.ok()) return prices.status();
  const RealClock clock;
  Metrics metrics;
  std::optional<Ticker> ticker;
  DecisionsOptions options = MakeDecisionsOptions(config, *std::move(prices), clock.Now());
  const auto ready = [&] { return (*source)->Ready(); };
  Candidate candidate(config.lead, (*source)->lead(), (*source)->api(), options.epoch, ready);
  options.leads = [&] { return candidate.MayDecide(); };
  Decisions decisions(std::move(options), clock, candidate.api(), ready, [&] { ticker->Wake(); });
  std::atomic<bool> lost = false;
  ticker.emplace(kTick, [&] {
    // Another replica may lead from now on: what this one knows is its own past.
    if (!candidate.Tick() && !lost.exchange(true)) kill(getpid(), SIGTERM);
    decisions.Tick();
  });
  ExtenderServer http(decisions, metrics, MakeExtenderOptions(config.extender, *tls, [&] {
                        ShowNumbers(decisions.Count(), metrics);
                        metrics.Show(decisions.CountCosts());
                      }));
  GrpcServer grpc(decisions, ReadTexts, MakeGrpcOptions(config));

  (*source)->Start([&](std::shared_ptr<const ClusterView> view) {
    candidate.Observe(view);
    decisions.Observe(std::move(view));
  });
  absl::Status status = http.Start();
  if (status.ok()) status = grpc.Start();
  if (status.ok()) status = WritePorts(port_file, http.port(), grpc.port());
  if (status.ok()) {
    candidate.ListensOn(http.port(), grpc.port());
    spdlog::info("serving kube-scheduler on port {}, gRPC on port {}", http.port(), grpc.port());
    int signal = 0;
    sigwait(&stop, &signal);
    spdlog::info("stopping after signal {}", signal);
  }
  if (lost) status = absl::UnavailableError("the lease was lost: ends, to be started anew");

  decisions.Stop(absl::UnavailableError("muster is stopping"));
  ticker->Stop();
  candidate.Resign(config.stop_grace);
  http.Stop(config.stop_grace);
  grpc.Stop(config.stop_grace);
  (*source)->Stop();
  candidate.Stop();
  return status;
}

}  // namespace muster
