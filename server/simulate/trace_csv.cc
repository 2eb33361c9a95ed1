// SPDX-License-Identifier: Apache-2.0
#include "server/simulate/trace_csv.h"

#include <algorithm>
#include <fstream>
#include <functional>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace muster::simulate {
namespace {

using replay::Trace;

constexpr int64_t kMostCpu = 10'000'000;        // millicores: 10,000 cores
constexpr int64_t kMostMemory = 1'000'000'000;  // MiB: close to 1 PB
constexpr int64_t kMebi = 1024 * 1024;
constexpr size_t kMostNodes = 100'000;
constexpr size_t kMostPods = 1'000'000;

// One line of a file, with the means to say what is wrong with it.
class Line {
 public:
  Line(const std::string& file, int64_t number, const absl::flat_hash_map<std::string, size_t>& columns,
       std::vector<absl::string_view> cells)
      : file_(file), number_(number), columns_(columns), cells_(std::move(cells)) {}

  absl::string_view Text(const std::string& column) const {
    const auto at = columns_.find(column);
    return at == columns_.end() ? "" : cells_[at->second];
  }

  // A whole number from 0 to `most`. The first problem is kept.
  int64_t Number(const std::string& column, int64_t most) {
    int64_t value = 0;
    if (!absl::SimpleAtoi(Text(column), &value) || value < 0 || value > most) {
      Reject(column, absl::StrCat("is not a whole number from 0 to ", most));
      return 0;
    }
    return value;
  }

  void Reject(const std::string& column, absl::string_view why) {
    if (status_.ok()) status_ = Wrong(absl::StrCat(column, " \"", Text(column), "\" ", why));
  }
  absl::Status Wrong(absl::string_view why) const {
    return absl::InvalidArgumentError(absl::StrCat(file_, ":", number_, ": ", why));
  }
  const absl::Status& status() const { return status_; }

 private:
  const std::string& file_;
  const int64_t number_;
  const absl::flat_hash_map<std::string, size_t>& columns_;
  const std::vector<absl::string_view> cells_;
  absl::Status status_;
};

// Calls `take` for each line after the first, which has to name `needed`.
absl::Status ForEachLine(const std::string& file, const std::vector<std::string>& needed,
                         const std::function<absl::Status(Line&)>& take) {
  std::ifstream in(file);
  std::string text;
  if (!in) return absl::NotFoundError(absl::StrCat(file, ": can't be read"));
  if (!std::getline(in, text)) return absl::InvalidArgumentError(absl::StrCat(file, ": is empty"));
  const std::string header(absl::StripSuffix(absl::StripPrefix(text, "\xEF\xBB\xBF"), "\r"));
  absl::flat_hash_map<std::string, size_t> columns;
  for (const absl::string_view name : absl::StrSplit(header, ',')) columns.try_emplace(name, columns.size());
  for (const std::string& name : needed) {
    if (!columns.contains(name)) {
      return absl::InvalidArgumentError(
          absl::StrCat(file, ":1: no column ", name, "; needed are ", absl::StrJoin(needed, ", ")));
    }
  }
  const auto width = static_cast<size_t>(std::count(header.begin(), header.end(), ',')) + 1;
  for (int64_t number = 2; std::getline(in, text); ++number) {
    const absl::string_view stripped = absl::StripSuffix(text, "\r");
    if (stripped.empty()) continue;
    std::vector<absl::string_view> cells = absl::StrSplit(stripped, ',');
    const size_t count = cells.size();
    Line line(file, number, columns, std::move(cells));
    if (count != width) return line.Wrong(absl::StrCat(count, " cells; the first line has ", width));
    if (absl::Status status = take(line); !status.ok()) return status;
  }
  return in.bad() ? absl::NotFoundError(absl::StrCat(file, ": reading it failed")) : absl::OkStatus();
}

absl::Status TakeNode(Line& line, absl::flat_hash_map<std::string, int32_t>& models, Trace& trace) {
  Room room;
  room.cpu_millis = line.Number("cpu_milli", kMostCpu);
  room.memory_bytes = line.Number("memory_mib", kMostMemory) * kMebi;
  room.gpus.assign(static_cast<size_t>(line.Number("gpu", Trace::kMostGpus)), kWholeGpu);
  if (!line.status().ok() || room.gpus.empty()) return line.status();
  const std::string model(line.Text("model"));
  if (model.empty()) return line.Wrong("a node with GPUs needs their model");
  const auto [known, is_new] = models.try_emplace(model, static_cast<int32_t>(models.size()));
  if (is_new) trace.models.push_back(model);
  if (models.size() > Trace::kMostModels) {
    return line.Wrong(absl::StrCat("more than ", Trace::kMostModels, " models"));
  }
  room.kind = known->second;
  trace.nodes.push_back(std::move(room));
  return trace.nodes.size() > kMostNodes ? line.Wrong(absl::StrCat("more than ", kMostNodes, " nodes"))
                                         : absl::OkStatus();
}

absl::Status TakePod(Line& line, const absl::flat_hash_map<std::string, int32_t>& models, Trace& trace) {
  Ask pod;
  pod.cpu_millis = line.Number("cpu_milli", kMostCpu);
  pod.memory_bytes = line.Number("memory_mib", kMostMemory) * kMebi;
  pod.gpus = static_cast<int32_t>(line.Number("num_gpu", Trace::kMostGpus));
  pod.milli = static_cast<int32_t>(line.Number("gpu_milli", kWholeGpu));
  pod.where = replay::kAnyModel;
  if (pod.gpus == 0) pod.milli = 0;
  if (pod.gpus == 1 && pod.milli == 0) line.Reject("gpu_milli", "of one GPU is nothing");
  if (pod.gpus > 1 && pod.milli != kWholeGpu) {
    line.Reject("gpu_milli", "of several GPUs: each has to be whole, 1000");
  }
  if (!line.status().ok()) return line.status();
  if (const absl::string_view spec = line.Text("gpu_spec"); pod.gpus > 0 && !spec.empty()) {
    pod.where = 0;
    for (const absl::string_view model : absl::StrSplit(spec, '|')) {
      // A model that no node has is one that the pod will not get.
      if (const auto known = models.find(model); known != models.end()) {
        pod.where |= uint64_t{1} << known->second;
      }
    }
  }
  pod.worth = static_cast<float>(replay::GpuMilli(pod)) / kWholeGpu;
  trace.pods.push_back(std::move(pod));
  return trace.pods.size() > kMostPods ? line.Wrong(absl::StrCat("more than ", kMostPods, " pods"))
                                       : absl::OkStatus();
}

}  // namespace

absl::StatusOr<Trace> ReadTrace(const std::string& nodes_file, const std::string& pods_file) {
  Trace trace;
  absl::flat_hash_map<std::string, int32_t> models;
  absl::Status status = ForEachLine(nodes_file, {"cpu_milli", "memory_mib", "gpu", "model"},
                                    [&](Line& line) { return TakeNode(line, models, trace); });
  if (!status.ok()) return status;
  status = ForEachLine(pods_file, {"cpu_milli", "memory_mib", "num_gpu", "gpu_milli"},
                       [&](Line& line) { return TakePod(line, models, trace); });
  if (!status.ok()) return status;
  if (trace.nodes.empty()) return absl::InvalidArgumentError(absl::StrCat(nodes_file, ": no node has GPUs"));
  const bool asked = std::any_of(trace.pods.begin(), trace.pods.end(),
                                 [](const Ask& pod) { return replay::GpuMilli(pod) > 0; });
  if (!asked) return absl::InvalidArgumentError(absl::StrCat(pods_file, ": no pod asks for GPUs"));
  return trace;
}

}  // namespace muster::simulate
