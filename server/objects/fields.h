// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "nlohmann/json_fwd.hpp"
#include "scheduling/model/selector.h"
#include "server/objects/api_object.h"

namespace google::protobuf {
class FieldDescriptor;
}

namespace muster {

// Reads fields of an object and remembers the first that is wrong.
//
// A field that is absent or null reads as empty; one of another type reads as
// empty too and is an error that names its path. So a decoder reads all it
// wants and asks once, at the end, whether all was well.
//
// Threads: thread-compatible; children report to the error of their root.
class Fields {
 public:
  // What `object` refers to and `error` outlive this, and so do keys.
  // REQUIRES: *error is OK.
  Fields(const ApiObject& object, absl::Status* error);

  // The value of this very field.
  bool Present() const { return value_.json != nullptr || value_.message != nullptr; }
  Fields At(absl::string_view key) const;
  std::string String(absl::string_view key) const;
  bool Bool(absl::string_view key) const;
  int64_t Integer(absl::string_view key, int64_t otherwise) const;
  // The text of a quantity, also of one that is written as a number.
  std::string Quantity(absl::string_view key) const;
  // What the entries of this very object are called.
  std::vector<std::string> Keys() const;
  // All string entries of the object under `key`.
  Labels Strings(absl::string_view key) const;

  // Calls visit(element) for every element of the array under `key`.
  void ForEach(absl::string_view key, const std::function<void(const Fields&)>& visit) const;
  // Calls visit(name, text) for every entry of the object under `key`; numbers
  // are given as their text.
  void ForEachQuantity(
      absl::string_view key,
      const std::function<void(absl::string_view name, absl::string_view text)>& visit) const;
  // The text of this very field, an element of an array of strings.
  std::string Text() const;

  // Reports that the field under `key` is wrong.
  void Reject(absl::string_view key, absl::string_view what) const;

 private:
  // Deeper than any field that is read; what is deeper still bears the path of
  // what it is in.
  static constexpr size_t kDeepest = 12;

  // In JSON a value. In protobuf a message, a field of it, or an element of that.
  // All null: absent.
  struct Value {
    const nlohmann::json* json = nullptr;
    const google::protobuf::Message* message = nullptr;
    const google::protobuf::FieldDescriptor* field = nullptr;
    int index = 0;
  };
  // A key, or without one the place in an array.
  struct Step {
    absl::string_view key;
    size_t index = 0;
  };

  Fields(const Fields& parent, const Value& value, Step step);
  Value Find(absl::string_view key) const;
  // Whether `found` is there and of the type that is wanted.
  bool Is(const Value& found, bool (*of_type)(const nlohmann::json&), absl::string_view key,
          absl::string_view want) const;

  Value value_;
  absl::Status* error_;
  // From the root; put together only where there is something to complain of.
  size_t depth_ = 0;
  std::array<Step, kDeepest> path_;
};

}  // namespace muster
