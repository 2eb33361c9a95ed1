// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "nlohmann/json_fwd.hpp"

namespace google::protobuf {
class Message;
}

namespace muster {

// An API object as it came: a JSON value, or a message of proto/kubernetes.
// Fields reads both alike.
//
// Invariant: one of the two is set. It refers to what it was made of, which
//            outlives it.
class ApiObject {
 public:
  ApiObject(const nlohmann::json& json) : json_(&json) {}  // NOLINT: every JSON value is one
  ApiObject(const google::protobuf::Message& message) : message_(&message) {}  // NOLINT: likewise

  const nlohmann::json* json() const { return json_; }
  const google::protobuf::Message* message() const { return message_; }

 private:
  const nlohmann::json* json_ = nullptr;
  const google::protobuf::Message* message_ = nullptr;
};

// kInvalidArgument if it is a number, a list or a text instead; `what` is what was wanted.
absl::Status CheckIsObject(const ApiObject& object, absl::string_view what);

}  // namespace muster
