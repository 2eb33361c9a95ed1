// SPDX-License-Identifier: Apache-2.0
#include "scheduling/declare/pod_group.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "nlohmann/json.hpp"
#include "scheduling/declare/object_fields.h"

namespace muster::declare {
namespace {

using Json = nlohmann::json;

const Json* At(const Json& object, const char* pointer) {
  const Json::json_pointer path(pointer);
  if (!object.contains(path)) return nullptr;
  const Json& found = object.at(path);
  return found.is_null() ? nullptr : &found;
}

std::string TextAt(const Json& object, const char* pointer) {
  const Json* found = At(object, pointer);
  return found != nullptr && found->is_string() ? found->get<std::string>() : "";
}

}  // namespace

absl::StatusOr<GangDeclaration> NamedLike(const Json& object, absl::string_view declared_by) {
  const std::string name = TextAt(object, "/metadata/name");
  const std::string ns = TextAt(object, "/metadata/namespace");
  if (name.empty())
    return absl::InvalidArgumentError(absl::StrCat(declared_by, ": /metadata/name: want a name"));
  GangDeclaration declaration;
  declaration.gang = GangId(ns.empty() ? "default" : ns, name);
  declaration.declared_by = std::string(declared_by);
  absl::Time created;
  if (absl::ParseTime(absl::RFC3339_full, TextAt(object, "/metadata/creationTimestamp"), &created, nullptr)) {
    declaration.created = created;
  }
  return declaration;
}

std::optional<int64_t> NumberAt(const Json& object, const char* pointer, int64_t low, int64_t high,
                                GangDeclaration& declaration) {
  const Json* found = At(object, pointer);
  if (found == nullptr) return std::nullopt;
  if (found->is_number_integer()) {
    const int64_t number = found->get<int64_t>();
    if (number >= low && number <= high) return number;
  }
  if (declaration.problem.empty()) {
    declaration.problem =
        absl::StrFormat("%s of %s %s is %s; want a whole number from %d to %d", pointer,
                        declaration.declared_by, declaration.gang.text(), Shown(*found), low, high);
  }
  return std::nullopt;
}

absl::StatusOr<GangDeclaration> DecodeCoscheduling(const Json& object, absl::string_view declared_by) {
  absl::StatusOr<GangDeclaration> declaration = NamedLike(object, declared_by);
  if (!declaration.ok()) return declaration;
  declaration->min_members = NumberAt(object, "/spec/minMember", 1, kMaxMembers, *declaration).value_or(1);
  // 0 stands for no timeout of its own.
  const auto timeout = NumberAt(object, "/spec/scheduleTimeoutSeconds", 0, 7 * 24 * 3600, *declaration);
  if (timeout.value_or(0) > 0) declaration->deadline = absl::Seconds(*timeout);
  std::string ignored;
  NoteIgnored(ObjectFields(object, ignored).At("spec"), {kMinResources}, *declaration);
  return declaration;
}

absl::StatusOr<GangDeclaration> DecodeNamed(
    const Json& object, absl::string_view declared_by,
    const std::function<void(const ObjectFields& root, GangDeclaration& declaration)>& read) {
  absl::StatusOr<GangDeclaration> declaration = NamedLike(object, declared_by);
  if (!declaration.ok()) return declaration;
  std::string problem;
  read(ObjectFields(object, problem), *declaration);
  AddProblem(problem, *declaration);
  return declaration;
}

void NoteIgnored(const ObjectFields& spec, absl::Span<const IgnoredField> fields,
                 GangDeclaration& declaration) {
  for (const IgnoredField& field : fields) {
    if (!spec.At(field.path).Present()) continue;
    declaration.ignored.push_back(absl::StrCat("/spec/", field.path, " (", field.why, ")"));
  }
}

void AddProblem(absl::string_view problem, GangDeclaration& declaration) {
  if (problem.empty() || !declaration.problem.empty()) return;
  declaration.problem = absl::StrCat(declaration.declared_by, " ", declaration.gang.text(), ": ", problem);
}

}  // namespace muster::declare
