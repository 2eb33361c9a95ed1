// SPDX-License-Identifier: Apache-2.0
// How long it takes until a view of a large cluster is complete, from the call
// for the list, and the memory that the process has then: 5,000 nodes and
// 150,000 bound pods of about 4 KB, as an API server sends them. The floor is
// taking the same bytes and doing nothing with them.
#include <httplib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "kubernetes/objects.pb.h"
#include "nlohmann/json.hpp"
#include "server/kube/cluster_watch.h"
#include "test/support/proto_json.h"

namespace muster {
namespace {

constexpr int kNodes = 5'000;
constexpr int kPods = 150'000;
constexpr size_t kNotRead = 2'200;  // bytes of a pod in fields that nobody here reads
constexpr size_t kPiece = 256 << 10;

template <typename Entry>
void Set(Entry* entry, const std::string& key, const std::string& value) {
  entry->set_key(key);
  if constexpr (requires { entry->mutable_value()->set_string(value); }) {
    entry->mutable_value()->set_string(value);
  } else {
    entry->set_value(value);
  }
}

kubernetes::Pod PodOf(int index) {
  kubernetes::Pod pod;
  auto& metadata = *pod.mutable_metadata();
  const int set = index / 30;
  metadata.set_name(absl::StrFormat("server-%04d-7c9f6b5d4c-%05d", set, index));
  metadata.set_namespace_(absl::StrCat("team-", index % 50));
  metadata.set_uid(absl::StrFormat("0b6ae3f4-1111-4222-8333-%012d", index));
  metadata.set_resourceversion(absl::StrCat(1'000'000 + index));
  metadata.mutable_creationtimestamp()->set_seconds(1'790'000'000 + index);
  Set(metadata.add_labels(), "app.kubernetes.io/name", absl::StrCat("server-", set));
  Set(metadata.add_labels(), "app.kubernetes.io/part-of", "inference");
  Set(metadata.add_labels(), "pod-template-hash", "7c9f6b5d4c");
  Set(metadata.add_annotations(), "prometheus.io/scrape", "true");
  auto& owner = *metadata.add_ownerreferences();
  owner.set_kind("ReplicaSet");
  owner.set_name(absl::StrFormat("server-%04d-7c9f6b5d4c", set));
  owner.set_controller(true);
  metadata.GetReflection()->MutableUnknownFields(&metadata)->AddLengthDelimited(17,
                                                                                std::string(kNotRead, 'm'));
  auto& spec = *pod.mutable_spec();
  spec.set_nodename(absl::StrFormat("ip-10-%03d-%03d", index % kNodes / 250, index % kNodes % 250));
  spec.set_schedulername("default-scheduler");
  spec.set_priority(0);
  for (const char* name : {"server", "proxy"}) {
    auto& container = *spec.add_containers();
    container.set_name(name);
    Set(container.mutable_resources()->add_requests(), "cpu", "500m");
    Set(container.mutable_resources()->add_requests(), "memory", "512Mi");
    Set(container.mutable_resources()->add_limits(), "memory", "1Gi");
    container.add_ports()->set_containerport(8080);
  }
  for (const char* key : {"node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"}) {
    auto& toleration = *spec.add_tolerations();
    toleration.set_key(key);
    toleration.set_operator_("Exists");
    toleration.set_effect("NoExecute");
    toleration.set_tolerationseconds(300);
  }
  pod.mutable_status()->set_phase("Running");
  for (const char* type :
       {"PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"}) {
    auto& condition = *pod.mutable_status()->add_conditions();
    condition.set_type(type);
    condition.set_status("True");
    condition.mutable_lasttransitiontime()->set_seconds(1'790'000'000);
  }
  for (const char* name : {"server", "proxy"}) {
    auto& status = *pod.mutable_status()->add_containerstatuses();
    status.set_name(name);
    status.set_started(true);
    status.mutable_state()->mutable_running();
  }
  return pod;
}

kubernetes::Node NodeOf(int index) {
  kubernetes::Node node;
  node.mutable_metadata()->set_name(absl::StrFormat("ip-10-%03d-%03d", index / 250, index % 250));
  node.mutable_metadata()->set_resourceversion("1");
  for (const char* key : {"topology.kubernetes.io/region", "topology.kubernetes.io/zone", "rack"}) {
    Set(node.mutable_metadata()->add_labels(), key, absl::StrCat("d-", index / 40));
  }
  for (const auto& [name, amount] : {std::pair("cpu", "96"), {"memory", "768Gi"}, {"pods", "110"}}) {
    Set(node.mutable_status()->add_capacity(), name, amount);
    Set(node.mutable_status()->add_allocatable(), name, amount);
  }
  auto& ready = *node.mutable_status()->add_conditions();
  ready.set_type("Ready");
  ready.set_status("True");
  return node;
}

kubernetes::Namespace Bookmark() {
  kubernetes::Namespace object;
  object.mutable_metadata()->set_resourceversion("2000000");
  Set(object.mutable_metadata()->add_annotations(), "k8s.io/initial-events-end", "true");
  return object;
}

std::string ProtobufFrame(const char* type, const char* kind, const google::protobuf::Message& object) {
  kubernetes::Envelope envelope;
  envelope.mutable_typemeta()->set_apiversion("v1");
  envelope.mutable_typemeta()->set_kind(kind);
  envelope.set_raw(object.SerializeAsString());
  kubernetes::WatchEvent event;
  event.set_type(type);
  event.mutable_object()->set_raw(absl::StrCat(std::string("k8s\0", 4), envelope.SerializeAsString()));
  const std::string frame = event.SerializeAsString();
  std::string length;
  for (int shift = 24; shift >= 0; shift -= 8)
    length.push_back(static_cast<char>(frame.size() >> shift & 0xff));
  return length + frame;
}

std::string JsonFrame(const char* type, const char*, const google::protobuf::Message& object) {
  nlohmann::json json = test::ToJson(object);
  if (absl::StartsWith(type, "ADDED") && json.contains("status")) {
    json["metadata"]["managedFields"] = std::string(kNotRead, 'm');
  }
  return absl::StrCat(R"({"type":")", type, R"(","object":)", json.dump(), "}\n");
}

// Everything that the watches of the three kinds send.
struct Streams {
  explicit Streams(bool protobuf) {
    const auto frame = protobuf ? ProtobufFrame : JsonFrame;
    for (int i = 0; i < kPods; ++i) absl::StrAppend(&pods, frame("ADDED", "Pod", PodOf(i)));
    absl::StrAppend(&pods, frame("BOOKMARK", "Pod", Bookmark()));
    for (int i = 0; i < kNodes; ++i) absl::StrAppend(&nodes, frame("ADDED", "Node", NodeOf(i)));
    absl::StrAppend(&nodes, frame("BOOKMARK", "Node", Bookmark()));
    namespaces = frame("BOOKMARK", "Namespace", Bookmark());
  }
  std::string pods;
  std::string nodes;
  std::string namespaces;
};

// In a process of its own, so that its memory is not counted.
struct Server {
  pid_t pid = 0;
  int port = 0;
  size_t bytes = 0;
};

[[noreturn]] void Serve(bool protobuf, int tell) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const Streams streams(protobuf);
  httplib::Server server;
  server.new_task_queue = [] { return new httplib::ThreadPool(64); };
  server.set_tcp_nodelay(true);
  const auto stream = [&server](const std::string& text) {
    return [&server, &text](const httplib::Request&, httplib::Response& response) {
      response.set_chunked_content_provider("application/json", [&](size_t at, httplib::DataSink& sink) {
        if (at < text.size()) return sink.write(text.data() + at, std::min(kPiece, text.size() - at));
        while (server.is_running() && sink.is_writable()) usleep(100'000);
        return false;
      });
    };
  };
  server.Get("/api/v1/pods", stream(streams.pods));
  server.Get("/api/v1/nodes", stream(streams.nodes));
  server.Get("/api/v1/namespaces", stream(streams.namespaces));
  const std::pair<int, size_t> said = {server.bind_to_any_port("127.0.0.1"),
                                       streams.pods.size() + streams.nodes.size()};
  if (write(tell, &said, sizeof(said)) != sizeof(said)) std::exit(1);
  server.listen_after_bind();
  std::exit(0);
}

Server StartServer(bool protobuf) {
  int pipe_ends[2];
  if (pipe(pipe_ends) != 0) std::exit(1);
  Server server;
  server.pid = fork();
  if (server.pid == 0) Serve(protobuf, pipe_ends[1]);
  std::pair<int, size_t> said;
  if (read(pipe_ends[0], &said, sizeof(said)) != sizeof(said)) std::exit(1);
  server.port = said.first;
  server.bytes = said.second;
  return server;
}

double ResidentMegabytes() {
  std::ifstream statm("/proc/self/statm");
  double total = 0;
  double resident = 0;
  statm >> total >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE)) / 1e6;
}

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

kube::Access AccessTo(const Server& server) {
  kube::Access access;
  access.server = absl::StrCat("http://127.0.0.1:", server.port);
  return access;
}

void TakeBytes(const Server& server) {
  kube::Transport transport(AccessTo(server));
  absl::Notification done;
  size_t left = server.bytes;
  for (const char* path : {"/api/v1/pods", "/api/v1/nodes"}) {
    kube::Request request;
    request.path = path;
    transport.Send(
        std::move(request), [](const kube::Reply&) {},
        [&](absl::string_view piece) {
          left -= piece.size();
          if (left == 0) done.Notify();
          return true;
        });
  }
  done.WaitForNotification();
}

void ReadCluster(const Server& server) {
  absl::Notification done;
  kube::ClusterWatch watch(AccessTo(server), {}, [&](std::shared_ptr<const ClusterView> view) {
    if (view->pods().size() == kPods && view->nodes().size() == kNodes && !done.HasBeenNotified())
      done.Notify();
  });
  done.WaitForNotification();
  absl::PrintF("  resident when complete: %.0f MB, %.0f bytes a pod\n", ResidentMegabytes(),
               ResidentMegabytes() * 1e6 / kPods);
}

// In a process of its own, for the sake of its memory. Seconds.
double Measure(const char* what, const Server& server, void (*job)(const Server&)) {
  int pipe_ends[2];
  if (pipe(pipe_ends) != 0) std::exit(1);
  if (fork() == 0) {
    const absl::Time began = absl::Now();
    job(server);
    const double seconds = absl::ToDoubleSeconds(absl::Now() - began);
    absl::PrintF("%-34s %6.2f s, of processor time %5.2f s\n", what, seconds, CpuSeconds());
    std::fflush(stdout);
    if (write(pipe_ends[1], &seconds, sizeof(seconds)) != sizeof(seconds)) std::_Exit(1);
    std::_Exit(0);
  }
  double seconds = 0;
  if (read(pipe_ends[0], &seconds, sizeof(seconds)) != sizeof(seconds)) std::exit(1);
  wait(nullptr);
  return seconds;
}

// Whether it is within `aim` seconds.
bool Compare(bool protobuf, double aim) {
  const Server server = StartServer(protobuf);
  absl::PrintF("%d nodes, %d pods as %s, %.0f MB\n", kNodes, kPods, protobuf ? "protobuf" : "JSON",
               static_cast<double>(server.bytes) / 1e6);
  std::fflush(stdout);
  const double floor = Measure("  the bytes alone", server, TakeBytes);
  const double complete = Measure("  a complete view", server, ReadCluster);
  absl::PrintF("  view/bytes %.1f; %s the aim of %.0f s\n", complete / floor,
               complete <= aim ? "within" : "MISSED", aim);
  std::fflush(stdout);
  kill(server.pid, SIGKILL);
  waitpid(server.pid, nullptr, 0);
  return complete <= aim;
}

}  // namespace
}  // namespace muster

int main() {
  const bool protobuf = muster::Compare(/*protobuf=*/true, 5);
  // What an API server sends that has no protobuf, or a proxy in front of it.
  const bool json = muster::Compare(/*protobuf=*/false, 10);
  return protobuf && json ? 0 : 1;
}
