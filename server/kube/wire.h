// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/objects/api_object.h"

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

// Which forms are taken; what was not asked for is not.
enum class Form { kJson, kProtobufOrJson };

// Calls visit(object) for each object of a list, in order.
// kInvalidArgument: that is no list of objects in such a form; nothing was visited.
absl::StatusOr<ListEnd> ReadList(absl::string_view body, Form form,
                                 const std::function<void(const ApiObject&)>& visit);

// Calls visit(type, object) with what the event says.
// kInvalidArgument: that is no event in such a form; nothing was visited.
absl::Status ReadEvent(absl::string_view frame, Form form,
                       const std::function<void(absl::string_view type, const ApiObject& object)>& visit);

}  // namespace muster::kube
