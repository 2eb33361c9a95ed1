// SPDX-License-Identifier: Apache-2.0
// Volcano's own Job: its pods are a gang by the PodGroup that Volcano makes of it
// (volcano.cc); which of its tasks are created after others is in the job alone.
//
// Source: volcano.sh/apis v1.14.0 (checked), batch/v1alpha1, job.go: spec.tasks[].
//         {name,replicas,minAvailable,template,dependsOn.{name[],iteration}};
//         v1.10.0 (checked) has the same.
#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "scheduling/declare/ecosystems.h"
#include "scheduling/declare/object_fields.h"
#include "scheduling/declare/pod_group.h"

namespace muster::declare {
namespace {

constexpr absl::string_view kName = "Job.batch.volcano.sh";

struct Task {
  SubgroupSpec part;
  std::vector<std::string> after;
  bool after_any = false;
};

Task ReadTask(const ObjectFields& fields, size_t number) {
  Task task;
  task.part.name = task.part.role = fields.Text("name");
  // As the API server names those that have none.
  if (task.part.name.empty()) task.part.name = task.part.role = absl::StrCat("default", number);
  const auto count = [&](const char* key) -> std::optional<int64_t> {
    if (!fields.At(key).Present()) return std::nullopt;
    return fields.NeededNumber(key, 0, kMaxMembers);
  };
  const int64_t replicas = count("replicas").value_or(1);
  task.part.size = replicas;
  task.part.min_members = std::min(count("minAvailable").value_or(replicas), replicas);
  task.part.like.path = absl::StrCat("/spec/tasks/", number, "/template");
  const ObjectFields depends = fields.At("dependsOn");
  depends.ForEach("name", [&](const ObjectFields& name) { task.after.push_back(name.OwnText()); });
  task.after_any = depends.Text("iteration") == "any";
  return task;
}

void CheckNames(const ObjectFields& task, const std::vector<Task>& tasks) {
  task.At("dependsOn").ForEach("name", [&](const ObjectFields& name) {
    const std::string text = name.OwnText();
    const bool found =
        std::any_of(tasks.begin(), tasks.end(), [&](const Task& other) { return other.part.name == text; });
    if (!found) name.Reject("", "the name of a task");
  });
}

// Tasks may come in any order. Those that wait for each other in a circle are
// left where they are: Volcano refuses such jobs.
void FindStages(std::vector<Task>& tasks) {
  const auto stage_of = [&](const Task& task) {
    std::optional<int32_t> stage;
    for (const std::string& name : task.after) {
      for (const Task& other : tasks) {
        if (other.part.name != name) continue;
        const int32_t next = other.part.stage + 1;
        stage = !stage.has_value() ? next : task.after_any ? std::min(*stage, next) : std::max(*stage, next);
      }
    }
    return stage.value_or(0);
  };
  bool changed = true;
  for (size_t round = 0; changed && round < tasks.size(); ++round) {
    changed = false;
    for (Task& task : tasks) {
      const int32_t stage = stage_of(task);
      changed |= stage != task.part.stage;
      task.part.stage = stage;
    }
  }
}

class VolcanoJobEcosystem : public Ecosystem {
 public:
  absl::string_view name() const override { return kName; }

  // Its pods name their PodGroup.
  std::optional<Membership> Recognise(const PodFacts&) const override { return std::nullopt; }

  std::optional<CustomResource> object() const override {
    return CustomResource{"batch.volcano.sh", {"v1alpha1"}, "jobs", "Job"};
  }

  absl::StatusOr<GangDeclaration> Decode(const nlohmann::json& object) const override {
    return DecodeNamed(object, kName, [&](const ObjectFields& root, GangDeclaration& declaration) {
      constexpr size_t kMostTasks = 200;
      std::vector<Task> tasks;
      root.At("spec").ForEach(
          "tasks", [&](const ObjectFields& fields) { tasks.push_back(ReadTask(fields, tasks.size())); },
          kMostTasks);
      root.At("spec").ForEach(
          "tasks", [&](const ObjectFields& fields) { CheckNames(fields, tasks); }, kMostTasks);
      FindStages(tasks);
      for (Task& task : tasks) declaration.subgroups.push_back(std::move(task.part));
    });
  }
};

}  // namespace

const Ecosystem& VolcanoJob() {
  static const VolcanoJobEcosystem ecosystem;
  return ecosystem;
}

}  // namespace muster::declare
