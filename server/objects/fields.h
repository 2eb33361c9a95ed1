// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "nlohmann/json_fwd.hpp"
#include "scheduling/model/selector.h"

namespace muster {

// Reads fields of a JSON object and remembers the first that is wrong.
//
// A field that is absent or null reads as empty; one of another type reads as
// empty too and is an error that names its path. So a decoder reads all it
// wants and asks once, at the end, whether all was well.
//
// Threads: thread-compatible; children report to the error of their root.
class Fields {
 public:
  // `object` and `error` outlive this. REQUIRES: *error is OK.
  Fields(const nlohmann::json& object, std::string path, absl::Status* error);

  // The value of this very field.
  bool Present() const { return value_ != nullptr; }
  Fields At(absl::string_view key) const;
  std::string String(absl::string_view key) const;
  bool Bool(absl::string_view key) const;
  int64_t Integer(absl::string_view key, int64_t otherwise) const;
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
  const nlohmann::json* Find(absl::string_view key) const;

  const nlohmann::json* value_;  // null if absent
  std::string path_;
  absl::Status* error_;
};

}  // namespace muster
