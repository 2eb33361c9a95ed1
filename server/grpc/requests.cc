// SPDX-License-Identifier: Apache-2.0
#include "server/grpc/requests.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "muster/v1/placement.pb.h"
#include "nlohmann/json.hpp"
#include "server/grpc/convert.h"
#include "server/objects/objects.h"

namespace muster {
namespace {

// The longest name that Kubernetes accepts: a DNS subdomain (RFC 1123).
constexpr size_t kMaxNameBytes = 253;
// More than the API server accepts in one object (3 MiB with default settings).
constexpr size_t kMaxManifestBytes = 3 << 20;
// Twenty times the nodes of the largest cluster that Kubernetes supports.
constexpr int kMaxCandidates = 100000;

absl::Status CheckName(absl::string_view field, absl::string_view name) {
  if (name.empty()) return absl::InvalidArgumentError(absl::StrCat(field, " is empty"));
  if (name.size() > kMaxNameBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat(field, " has ", name.size(), " bytes, at most ", kMaxNameBytes, " are allowed"));
  }
  // Would be read as "namespace/name".
  if (name.find('/') != absl::string_view::npos) {
    return absl::InvalidArgumentError(absl::StrCat(field, " \"", name, "\" has a slash in it"));
  }
  return absl::OkStatus();
}

absl::StatusOr<Pod> ParsePod(const std::string& manifest) {
  if (manifest.size() > kMaxManifestBytes) {
    return absl::InvalidArgumentError(absl::StrCat("manifest has ", manifest.size(), " bytes, at most ",
                                                   kMaxManifestBytes, " are allowed"));
  }
  const nlohmann::json object = nlohmann::json::parse(manifest, nullptr, /*allow_exceptions=*/false);
  if (object.is_discarded()) return absl::InvalidArgumentError("manifest is not JSON");
  absl::StatusOr<Pod> pod = DecodePod(object);
  if (pod.ok()) return pod;
  return absl::InvalidArgumentError(absl::StrCat("manifest: ", pod.status().message()));
}

}  // namespace

absl::StatusOr<PodName> ReadPodName(const v1::PodRef& ref) {
  if (absl::Status s = CheckName("pod.namespace", ref.namespace_()); !s.ok()) return s;
  if (absl::Status s = CheckName("pod.name", ref.name()); !s.ok()) return s;
  return FromProto(ref);
}

absl::StatusOr<GangId> ReadGangId(const v1::GangRef& ref) {
  if (absl::Status s = CheckName("gang.namespace", ref.namespace_()); !s.ok()) return s;
  if (absl::Status s = CheckName("gang.name", ref.name()); !s.ok()) return s;
  return FromProto(ref);
}

absl::StatusOr<Pod> ReadPod(const v1::PodRef& ref, const std::string& manifest) {
  absl::StatusOr<PodName> name = ReadPodName(ref);
  if (!name.ok()) return name.status();
  if (absl::Status s = CheckName("pod.uid", ref.uid()); !s.ok()) return s;
  if (manifest.empty()) {
    Pod pod;
    pod.name = *std::move(name);
    pod.uid = PodUid(ref.uid());
    return pod;
  }
  absl::StatusOr<Pod> pod = ParsePod(manifest);
  if (pod.ok() && (pod->name != *name || pod->uid.text() != ref.uid())) {
    return absl::InvalidArgumentError(absl::StrCat("manifest is of pod ", pod->name.text(), " with uid \"",
                                                   pod->uid.text(), "\", but pod is ", name->text(),
                                                   " with uid \"", ref.uid(), "\""));
  }
  return pod;
}

absl::StatusOr<std::vector<absl::string_view>> ReadCandidates(
    const google::protobuf::RepeatedPtrField<std::string>& names) {
  if (names.size() > kMaxCandidates) {
    return absl::InvalidArgumentError(
        absl::StrCat("candidates has ", names.size(), " names, at most ", kMaxCandidates, " are allowed"));
  }
  std::vector<absl::string_view> candidates(names.begin(), names.end());
  for (size_t i = 0; i < candidates.size(); ++i) {
    // The field's name is only worth building for the message.
    if (!CheckName("", candidates[i]).ok())
      return CheckName(absl::StrCat("candidates[", i, "]"), candidates[i]);
  }
  return candidates;
}

absl::StatusOr<BindCall> ReadBind(const v1::BindRequest& request) {
  absl::StatusOr<PodName> name = ReadPodName(request.pod());
  if (!name.ok()) return name.status();
  if (absl::Status s = CheckName("pod.uid", request.pod().uid()); !s.ok()) return s;
  if (absl::Status s = CheckName("node", request.node()); !s.ok()) return s;
  return BindCall{*std::move(name), PodUid(request.pod().uid()), NodeName(request.node())};
}

absl::StatusOr<std::vector<EvictionOption>> ReadOptions(
    const google::protobuf::RepeatedPtrField<v1::EvictionOption>& options) {
  std::vector<EvictionOption> result;
  for (int i = 0; i < options.size(); ++i) {
    const std::string field = absl::StrCat("options[", i, "].");
    if (absl::Status s = CheckName(absl::StrCat(field, "node"), options[i].node()); !s.ok()) return s;
    for (int v = 0; v < options[i].victim_uids_size(); ++v) {
      const std::string victim = absl::StrCat(field, "victim_uids[", v, "]");
      if (absl::Status s = CheckName(victim, options[i].victim_uids(v)); !s.ok()) return s;
    }
    result.push_back(FromProto(options[i]));
  }
  return result;
}

}  // namespace muster
