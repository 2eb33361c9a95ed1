// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "nlohmann/json_fwd.hpp"
#include "scheduling/model/cluster_view.h"

namespace muster {

// What was read from manifests.
struct Manifests {
  ClusterView view;
  // Objects that were ignored, one sentence per kind; and pods and topologies
  // of which something can't be read.
  std::vector<std::string> notes;
  // The sources that speak of jobs or gangs, but hold neither pods nor nodes.
  std::vector<std::string> sources_without_pods;
};

// Reads Kubernetes objects from YAML (several documents) or JSON text, Lists
// included, into `into`: Nodes, Pods, and the objects of every kind that
// declares gangs or topologies. Later objects replace earlier ones of the same name.
// `source` names the text in errors.
//   kInvalidArgument   names source, document and object; nothing of `into` changed
absl::Status ReadManifestText(absl::string_view source, absl::string_view text, Manifests& into);

// The same for one document that is parsed already.
absl::Status ReadManifest(absl::string_view source, const nlohmann::json& document, Manifests& into);

// Reads files; "-" is the standard input.
//   kNotFound, kInvalidArgument  names the file; an empty one is an error
absl::StatusOr<Manifests> ReadManifestFiles(absl::Span<const std::string> paths);

// The documents of YAML or JSON text as JSON values, as Kubernetes' own
// programs read YAML: plain scalars are null, booleans and numbers where they
// look so, quoted ones are strings.
//   kInvalidArgument  names the line; or the text is too large, too deep, or
//                     expands too far by aliases
absl::StatusOr<std::vector<nlohmann::json>> ParseDocuments(absl::string_view text);

}  // namespace muster
