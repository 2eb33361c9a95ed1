// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "nlohmann/json_fwd.hpp"

// Lists and watches as an API server sends them: JSON, or protobuf of pods,
// nodes and namespaces. Which of the two, the bytes say themselves.
//
// Source: Kubernetes API concepts, "Alternate representations of resources";
//         k8s.io/apimachinery, pkg/runtime/serializer/protobuf.
namespace muster::kube {

// Asks for protobuf where the server has it. Of what else it sends (errors,
// other kinds) JSON is fine.
extern const char* const kAcceptProtobuf;
extern const char* const kAcceptJson;

// Cuts a stream of events into frames, however it arrives in pieces: lines of
// JSON, or protobuf of which each has its length in front.
// Cost: linear in the bytes.
class FrameSplitter {
 public:
  // Calls visit(frame) for every frame that is complete now; false from
  // `visit`, or a frame longer than `longest`, ends it with false.
  bool Add(absl::string_view piece, size_t longest, const std::function<bool(absl::string_view)>& visit);
  void Clear() { rest_.clear(), searched_ = 0; }

 private:
  std::string rest_;     // the beginning of a frame
  size_t searched_ = 0;  // so many bytes of it, in which no line ends
};

struct ListEnd {
  std::string resource_version;
  std::string continue_token;  // empty: that was the last page
};

// Calls visit(object) for each object of a list, in order.
// kInvalidArgument: that is no list of objects; nothing was visited.
absl::StatusOr<ListEnd> ReadList(absl::string_view body,
                                 const std::function<void(const nlohmann::json&)>& visit);

// {"type": ..., "object": {...}}, also of protobuf.
// kInvalidArgument: that is no event.
absl::StatusOr<nlohmann::json> ReadEvent(absl::string_view frame);

}  // namespace muster::kube
