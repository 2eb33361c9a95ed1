// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "scheduling/verbs.h"

// kube-scheduler's extender protocol <-> the verbs. The only place that knows
// its field names.
//
// Source: k8s.io/kube-scheduler v0.37.2 extender/v1 types.go. The Go structs
//         carry no json tags, so names on the wire are the Go names, and unset
//         pointers arrive as null.
//
// Every error is kInvalidArgument and names the field. Texts of answers are
// UTF-8, as everything that came in is.
namespace muster {

// The body of a filter or prioritize call.
struct NodesRequest {
  Pod pod;
  std::vector<absl::string_view> candidates;  // point into `text`
  std::shared_ptr<const void> text;

  FilterCall call() const { return {pod, candidates}; }
};

// The body of a preempt call.
struct PreemptRequest {
  Pod pod;
  std::vector<EvictionOption> options;  // in the order of the body

  PreemptCall call() const { return {pod, options}; }
};

// Reads request bodies. Keeps some memory for the next ones.
// Threads: thread-safe.
class Decoder {
 public:
  Decoder();
  ~Decoder();

  absl::StatusOr<NodesRequest> DecodeNodes(const std::string& body);
  absl::StatusOr<BindCall> DecodeBind(const std::string& body);
  absl::StatusOr<PreemptRequest> DecodePreempt(const std::string& body);

 private:
  class Parsers;
  const std::shared_ptr<Parsers> parsers_;
};

// A refusal names its text for the first candidate only: kube-scheduler counts
// each distinct text, and reading an entry per node costs it milliseconds. An
// answer with a node that is not among the candidates would fail the call in
// kube-scheduler; it becomes an error that says so.
std::string EncodeFilter(const FilterAnswer& answer, absl::Span<const absl::string_view> candidates);
std::string EncodeFilterError(absl::string_view error);

// REQUIRES: one score per candidate.
std::string EncodeScores(absl::Span<const absl::string_view> candidates, absl::Span<const int64_t> scores);

std::string EncodeBind(const absl::Status& status);

// Options without victims are left out: kube-scheduler takes them as an error.
std::string EncodeOptions(absl::Span<const EvictionOption> options);

}  // namespace muster
