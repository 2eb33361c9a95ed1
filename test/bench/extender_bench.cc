// SPDX-License-Identifier: Apache-2.0
//
// What the extender costs beside the HTTP library that it is built on.
//
// Three servers in one process get the same body in turn, over one kept-alive
// connection each, so that whatever else the machine does hits all alike:
//
//   muster   ExtenderServer with all that decides behind it: a cluster of as many
//            nodes as the call names, and a gang that is planned
//   echo     a plain server of the library that sends the body back
//   sink     a plain server of the library that reads the body and sends back
//            what muster sends; the strictest comparison there is
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "httplib.h"
#include "server/clock.h"
#include "server/commit/decisions.h"
#include "server/extender/codec.h"
#include "server/extender/http_server.h"
#include "test/bench/bench_client.h"
#include "test/support/builders.h"
#include "test/support/manual_api.h"

namespace muster {
namespace {

constexpr int kRounds = 3000;
constexpr int kHeld = 1000;
constexpr char kUid[] = "5b1f0a3e-6f0e-4a4e-9a1c-7f6d1c2b3a40";

// Holds every bind, and answers filter calls at once.
class BenchService : public Service {
 public:
  FilterAnswer Filter(const FilterCall& call) override {
    return PassOne{NodeName(std::string(call.candidates.back()))};
  }
  std::vector<int64_t> Prioritize(const FilterCall&) override { return {}; }
  void Bind(const BindCall&, std::shared_ptr<HeldCall> held) override {
    absl::MutexLock lock(&mu_);
    held_.push_back(std::move(held));
  }
  std::vector<EvictionOption> Preempt(const PreemptCall&) override { return {}; }
  std::vector<GangReport> Plan(const ClusterView*) override { return {}; }
  absl::StatusOr<GangReport> Explain(const GangId&) override { return absl::NotFoundError(""); }
  absl::StatusOr<GangId> GangOf(const PodName&) override { return absl::NotFoundError(""); }
  std::vector<GangReport> ListGangs() override { return {}; }
  uint64_t Revision() const override { return 0; }
  bool Ready() const override { return true; }

  void AwaitHeld(size_t count) {
    absl::MutexLock lock(&mu_);
    const auto reached = [this, count]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return held_.size() >= count; };
    mu_.Await(absl::Condition(&reached));
  }

 private:
  absl::Mutex mu_;
  std::vector<std::shared_ptr<HeldCall>> held_ ABSL_GUARDED_BY(mu_);
};

// A plain server of the library, set up as well as it can be.
class PlainServer {
 public:
  explicit PlainServer(httplib::Server::Handler answer) {
    server_.set_tcp_nodelay(true);
    server_.set_keep_alive_max_count(1 << 30);
    server_.set_keep_alive_timeout(60);
    server_.Post("/v1/filter", std::move(answer));
    port_ = server_.bind_to_any_port("127.0.0.1");
    thread_ = std::thread([this] { server_.listen_after_bind(); });
    while (!server_.is_running()) absl::SleepFor(absl::Milliseconds(1));
  }
  ~PlainServer() {
    server_.stop();
    thread_.join();
  }
  int port() const { return port_; }

 private:
  httplib::Server server_;
  int port_ = 0;
  std::thread thread_;
};

std::string NodeOfNumber(int i) {
  return absl::StrFormat("ip-10-%03d-%03d.eu-west-1.compute.internal", i / 250, i % 250);
}

// A cluster of `nodes` nodes, a third of them half used, with the eight
// members of the gang research/train pending.
std::shared_ptr<const ClusterView> ClusterOf(int nodes) {
  ClusterView view;
  for (int i = 0; i < nodes; ++i) {
    Node node = test::NodeOf(NodeOfNumber(i), 8);
    node.allocatable = test::Amounts(1024, 8);
    node.allocatable.pods = 110;
    view.Upsert(node);
    if (i % 3 == 0) view.Upsert(test::BoundTo(test::PodOf(absl::StrCat("busy-", i), 4), NodeOfNumber(i)));
  }
  for (int i = 0; i < 8; ++i) {
    Pod member = test::MemberOf("train", 8, i, 8);
    member.name = PodName("research", absl::StrCat("train-worker-", i));
    if (i == 0) member.uid = PodUid(kUid);
    member.membership->gang = GangId("research", "train");
    view.Upsert(member);
  }
  return test::Published(std::move(view));
}

// A filter call as kube-scheduler makes it: a pod of about 8 KB, as training
// pods are (environment, volumes, mounts), and names as clouds give them.
// With `gang` it is a member of one, without a pod on its own.
std::string FilterBody(int nodes, bool gang = true) {
  std::string environment;
  for (int i = 0; i < 100; ++i) {
    absl::StrAppend(&environment, i > 0 ? "," : "", R"({"name":"NCCL_SETTING_)", i, R"(","value":"setting-)",
                    i * 7919, R"("})");
  }
  std::string mounts;
  std::string volumes;
  for (int i = 0; i < 12; ++i) {
    absl::StrAppend(&mounts, i > 0 ? "," : "", R"({"name":"volume-)", i,
                    R"(","readOnly":true,"mountPath":"/var/run/data/)", i, R"("})");
    absl::StrAppend(&volumes, i > 0 ? "," : "", R"({"name":"volume-)", i,
                    R"(","persistentVolumeClaim":{"claimName":"claim-)", i, R"(-of-the-training-run"}})");
  }
  std::string labels;
  for (int i = 0; i < 20; ++i) {
    absl::StrAppend(&labels, R"("training.example.com/label-)", i, R"(":"value-of-label-)", i, R"(",)");
  }
  std::string names;
  for (int i = 0; i < nodes; ++i) {
    absl::StrAppend(&names, i > 0 ? "," : "", "\"", NodeOfNumber(i), "\"");
  }
  return absl::StrCat(
      R"({"Pod":{"metadata":{"name":")", gang ? "train-worker-0" : "notebook",
      R"(","namespace":"research","uid":")", gang ? kUid : "another", R"(",)",
      R"("resourceVersion":"4711","creationTimestamp":"2026-07-01T12:00:00Z","labels":{)", labels,
      gang ? R"("muster.dev/gang":"train","muster.dev/gang-size":"8")" : R"("app":"notebook")",
      R"(},"ownerReferences":[{"apiVersion":"batch/v1","kind":"Job",)",
      R"("name":"train","uid":"j","controller":true}]},"spec":{"containers":[{"name":"main","image":"registry.example.com/train:1",)",
      R"("env":[)", environment,
      R"(],"resources":{"limits":{"nvidia.com/gpu":"8"},"requests":{"cpu":"90","memory":"900Gi",)",
      R"("nvidia.com/gpu":"8"}},"volumeMounts":[)", mounts, R"(]}],"volumes":[)", volumes,
      R"(],"schedulerName":"default-scheduler","priority":100,"tolerations":[{"key":"nvidia.com/gpu","operator":"Exists",)",
      R"("effect":"NoSchedule"}]},"status":{"phase":"Pending","qosClass":"Burstable"}},"Nodes":null,"NodeNames":[)",
      names, "]}");
}

std::string PostBytes(const std::string& path, const std::string& body) {
  return absl::StrCat(
      "POST ", path,
      " HTTP/1.1\r\nHost: muster\r\nUser-Agent: Go-http-client/1.1\r\nContent-Length: ", body.size(),
      "\r\nContent-Type: application/json\r\nAccept-Encoding: gzip\r\n\r\n", body);
}

double Micros(absl::Duration duration) { return absl::ToDoubleMicroseconds(duration); }

absl::Duration Quantile(std::vector<absl::Duration> sample, double quantile) {
  const auto at =
      sample.begin() + static_cast<std::ptrdiff_t>(static_cast<double>(sample.size() - 1) * quantile);
  std::nth_element(sample.begin(), at, sample.end());
  return *at;
}

void CompareFilter(int nodes, bool gang) {
  const RealClock clock;
  test::ManualApi api;
  Decisions service(
      {}, clock, api, [] { return true; }, nullptr);
  service.Observe(ClusterOf(nodes));
  service.Tick();
  Metrics metrics;
  ExtenderOptions options;
  options.connections.address = "127.0.0.1:0";
  ExtenderServer muster(service, metrics, options);
  if (const absl::Status started = muster.Start(); !started.ok()) {
    std::fprintf(stderr, "bench: %s\n", started.ToString().c_str());
    std::exit(1);
  }
  PlainServer echo([](const httplib::Request& request, httplib::Response& response) {
    response.set_content(request.body, "application/octet-stream");
  });
  const std::string answer = R"({"NodeNames":["ip-10-000-000.eu-west-1.compute.internal"],"FailedNodes":{},)"
                             R"("FailedAndUnresolvableNodes":{},"Error":""})";
  PlainServer sink([&](const httplib::Request&, httplib::Response& response) {
    response.set_content(answer, "application/octet-stream");
  });
  const std::string body = FilterBody(nodes, gang);
  const std::string request = PostBytes("/v1/filter", body);
  BenchClient clients[] = {BenchClient(muster.port()), BenchClient(echo.port()), BenchClient(sink.port())};
  std::vector<absl::Duration> samples[3];
  for (int round = -kRounds / 10; round < kRounds; ++round) {
    for (int subject = 0; subject < 3; ++subject) {
      const absl::Duration took = clients[subject].RoundTrip(request);
      if (round >= 0) samples[subject].push_back(took);
    }
  }
  const char* names[] = {"muster", "echo", "sink"};
  absl::PrintF("filter call of %s, %d names, body of %d KB (pod %d KB), %d rounds interleaved\n",
               gang ? "a member with a seat" : "a single GPU pod", nodes, body.size() / 1024,
               FilterBody(0).size() / 1024, kRounds);
  for (int subject = 0; subject < 3; ++subject) {
    absl::PrintF("  %-7s median %7.1f us   p99 %7.1f us\n", names[subject],
                 Micros(Quantile(samples[subject], 0.5)), Micros(Quantile(samples[subject], 0.99)));
  }
  const absl::Duration median = Quantile(samples[0], 0.5);
  absl::PrintF("  muster / echo %.2f   muster / sink %.2f\n\n",
               absl::FDivDuration(median, Quantile(samples[1], 0.5)),
               absl::FDivDuration(median, Quantile(samples[2], 0.5)));
}

void MeasureCodec(int nodes) {
  const std::string body = FilterBody(nodes);
  Decoder decoder;
  std::vector<absl::Duration> decoding;
  std::vector<absl::Duration> encoding;
  for (int round = 0; round < kRounds; ++round) {
    const absl::Time began = absl::Now();
    const absl::StatusOr<NodesRequest> request = decoder.DecodeNodes(body);
    const absl::Time decoded = absl::Now();
    if (!request.ok()) std::exit(1);
    const std::string answer = EncodeFilter(PassAll{}, request->candidates);
    encoding.push_back(absl::Now() - decoded);
    decoding.push_back(decoded - began);
  }
  absl::PrintF("codec, %5d names: decode %6.1f us   encode all %6.1f us\n", nodes,
               Micros(Quantile(decoding, 0.5)), Micros(Quantile(encoding, 0.5)));
}

size_t ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  size_t total = 0;
  size_t resident = 0;
  statm >> total >> resident;
  return resident * static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

void PrintFilter(const char* when, BenchClient& client, const std::string& request) {
  std::vector<absl::Duration> sample;
  for (int round = 0; round < kRounds; ++round) sample.push_back(client.RoundTrip(request));
  absl::PrintF("  filter, %-22s median %7.1f us   p99 %7.1f us\n", when, Micros(Quantile(sample, 0.5)),
               Micros(Quantile(sample, 0.99)));
}

void HoldBinds() {
  BenchService service;
  Metrics metrics;
  ExtenderOptions options;
  options.connections.address = "127.0.0.1:0";
  ExtenderServer muster(service, metrics, options);
  if (!muster.Start().ok()) std::exit(1);
  const std::string bind = PostBytes(
      "/v1/bind",
      R"({"PodName":"p","PodNamespace":"research","PodUID":"5b1f0a3e-6f0e-4a4e","Node":"ip-10-000-000"})");
  const std::string filter = PostBytes("/v1/filter", FilterBody(5000));
  BenchClient client(muster.port());
  absl::PrintF("%d held binds, filter calls of 5000 names\n", kHeld);
  PrintFilter("none held", client, filter);
  const size_t before = ResidentBytes();
  std::vector<std::unique_ptr<BenchClient>> binders;
  for (int i = 0; i < kHeld; ++i) binders.push_back(std::make_unique<BenchClient>(muster.port()));
  for (const auto& binder : binders) binder->Send(bind);
  service.AwaitHeld(kHeld);
  absl::SleepFor(absl::Seconds(1));  // so that every call has had heartbeats
  const size_t after = ResidentBytes();
  PrintFilter("all held", client, filter);
  absl::PrintF("  resident per held bind %.1f KB\n", static_cast<double>(after - before) / kHeld / 1024);
  muster.Stop(absl::Seconds(10));
}

}  // namespace
}  // namespace muster

int main() {
  for (const bool gang : {true, false}) {
    for (const int nodes : {5000, 15000}) muster::CompareFilter(nodes, gang);
  }
  for (const int nodes : {0, 5000, 15000}) muster::MeasureCodec(nodes);
  muster::HoldBinds();
  return 0;
}
