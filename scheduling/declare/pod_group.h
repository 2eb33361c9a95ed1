// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "nlohmann/json_fwd.hpp"
#include "scheduling/declare/object_fields.h"
#include "scheduling/model/gang.h"

// What the PodGroup objects of several projects have in common.
namespace muster::declare {

// A declaration with the id and the creation time of `object`'s metadata.
// kInvalidArgument if it has no name.
absl::StatusOr<GangDeclaration> NamedLike(const nlohmann::json& object, absl::string_view declared_by);

// The whole number at `pointer` (a JSON pointer such as "/spec/minMember");
// nullopt if it is absent. One out of [low, high], or no whole number, is a
// problem of the declaration.
std::optional<int64_t> NumberAt(const nlohmann::json& object, const char* pointer, int64_t low, int64_t high,
                                GangDeclaration& declaration);

// A PodGroup as scheduler-plugins' coscheduling has it, which others took over:
// spec.minMember, and spec.scheduleTimeoutSeconds as the deadline.
// kInvalidArgument if it has no name.
absl::StatusOr<GangDeclaration> DecodeCoscheduling(const nlohmann::json& object,
                                                   absl::string_view declared_by);

// The same for any object: named like it, with what `read` takes from its
// fields; what these find wrong is a problem of the declaration.
absl::StatusOr<GangDeclaration> DecodeNamed(
    const nlohmann::json& object, absl::string_view declared_by,
    const std::function<void(const ObjectFields& root, GangDeclaration& declaration)>& read);

// Fields of the object's spec that Muster does not act upon, with the reason.
struct IgnoredField {
  absl::string_view path;  // beneath /spec
  absl::string_view why;
};

// Names those of `fields` that `spec` has among what the declaration ignores.
void NoteIgnored(const ObjectFields& spec, absl::Span<const IgnoredField> fields,
                 GangDeclaration& declaration);

// Of PodGroups alike: what they would have set aside, and their queue.
inline constexpr IgnoredField kMinResources = {"minResources", "pods say what they ask for"};
inline constexpr IgnoredField kQueue = {"queue", "Muster keeps no quotas"};
inline constexpr IgnoredField kPriorityClass = {"priorityClassName", "that of the pods counts"};

// Makes `problem`, if there is one, the declaration's, with the object's name,
// unless the declaration has one already.
void AddProblem(absl::string_view problem, GangDeclaration& declaration);

}  // namespace muster::declare
