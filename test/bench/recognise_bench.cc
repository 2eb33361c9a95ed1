// SPDX-License-Identifier: Apache-2.0
// What it costs to ask every ecosystem about a pod: a stream of the pods of all
// scenarios and examples, one thread. The floor is a copy of the pod's labels and
// annotations, in the same run. The exit status is 1 where a pod takes longer than
// kMostMicros on average. All times are of this process on its processor, so that
// others on the machine do not count.
#include <algorithm>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "scheduling/declare/ecosystem.h"
#include "server/embedded/manifests.h"

namespace muster {
namespace {

using Json = nlohmann::json;

constexpr int kPods = 100'000;
constexpr int kRounds = 7;
constexpr double kMostMicros = 5;

struct Source {
  std::string name;
  Labels labels;
  Labels annotations;
  std::string pod_group;
  std::string workload;
  std::string workload_group;
};

std::string Text(const Json& pod, const char* pointer) {
  const Json::json_pointer at(pointer);
  return pod.contains(at) ? pod.at(at).get<std::string>() : "";
}

Labels Texts(const Json& metadata, const char* field) {
  Labels texts;
  const Json map = metadata.value(field, Json::object());
  for (const auto& [key, value] : map.items()) {
    if (value.is_string()) texts[key] = value;
  }
  return texts;
}

// The pods in `json`, at whatever depth.
void Collect(const Json& json, std::vector<Source>& pods) {
  if (json.is_object() && json.value("kind", Json()) == "Pod") {
    Source source;
    source.name = Text(json, "/metadata/name");
    const Json& metadata = json.at("metadata");
    source.labels = Texts(metadata, "labels");
    source.annotations = Texts(metadata, "annotations");
    source.pod_group = Text(json, "/spec/schedulingGroup/podGroupName");
    source.workload = Text(json, "/spec/workloadRef/name");
    source.workload_group = Text(json, "/spec/workloadRef/podGroup");
    pods.push_back(std::move(source));
  } else if (json.is_structured()) {
    for (const Json& child : json) Collect(child, pods);
  }
}

std::vector<Source> Pods() {
  std::vector<Source> pods;
  for (const char* folder : {"/scenarios", "/../manifests/examples", "/../manifests/examples/pods"}) {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(absl::StrCat(MUSTER_TEST_DATA, folder))) {
      if (entry.path().extension() != ".md" && entry.is_regular_file()) files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    for (const auto& file : files) {
      std::ostringstream text;
      text << std::ifstream(file).rdbuf();
      const auto documents = ParseDocuments(text.str());
      if (!documents.ok()) continue;
      for (const Json& document : *documents) Collect(document, pods);
    }
  }
  return pods;
}

double ProcessorMicros() {
  timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

// Per pod, of the median round.
double Micros(const std::vector<Source>& pods, const std::function<size_t(const Source&)>& work) {
  std::vector<double> micros;
  size_t sum = 0;
  for (int round = 0; round < kRounds; ++round) {
    const double began = ProcessorMicros();
    for (size_t i = 0; i < kPods; ++i) sum += work(pods[i % pods.size()]);
    micros.push_back((ProcessorMicros() - began) / kPods);
  }
  if (sum == 0) std::printf("nothing was done\n");
  std::nth_element(micros.begin(), micros.begin() + kRounds / 2, micros.end());
  return micros[kRounds / 2];
}

// Whether that is fast enough.
bool Run() {
  const std::vector<Source> pods = Pods();
  const double floor = Micros(pods, [](const Source& pod) {
    const Labels labels = pod.labels;
    const Labels annotations = pod.annotations;
    return labels.size() + annotations.size() + 1;
  });
  size_t members = 0;
  const double recognise = Micros(pods, [&](const Source& pod) {
    const auto membership = declare::Recognise({"default",
                                                pod.name,
                                                pod.labels,
                                                pod.annotations,
                                                pod.pod_group,
                                                {pod.workload, pod.workload_group, ""}});
    members += membership.has_value() ? 1 : 0;
    return size_t{1};
  });
  std::printf("recognising a pod, %zu kinds of pods, %.0f%% of them members of gangs\n", pods.size(),
              100.0 * static_cast<double>(members) / (kRounds * kPods));
  std::printf("  floor: copying labels and annotations %8.2f us\n", floor);
  std::printf("  asking every ecosystem                %8.2f us  %5.1f x floor\n", recognise,
              recognise / floor);
  const bool fast = recognise < kMostMicros;
  std::printf("  %s: a pod takes %s than %.0f us on average\n", fast ? "good" : "TOO SLOW",
              fast ? "less" : "more", kMostMicros);
  return fast;
}

}  // namespace
}  // namespace muster

int main() { return muster::Run() ? 0 : 1; }
