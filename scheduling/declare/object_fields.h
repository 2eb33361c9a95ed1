// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>

#include "absl/strings/string_view.h"
#include "nlohmann/json_fwd.hpp"

namespace muster::declare {

// The beginning of `value` as JSON, for a message; costs no more than what is shown.
std::string Shown(const nlohmann::json& value);

// Reads fields of a JSON object and remembers the first that is wrong, with its
// path and value. A field that is absent or null reads as empty.
//
// Threads: thread-compatible. The object and `problem` outlive this; children
// report to the problem of their root.
class ObjectFields {
 public:
  ObjectFields(const nlohmann::json& object, std::string& problem);

  bool Present() const { return value_ != nullptr; }
  ObjectFields At(absl::string_view key) const;
  // The text under `key`.
  std::string Text(absl::string_view key) const;
  // The same, where none is a problem.
  std::string NeededText(absl::string_view key) const;
  // The whole number in [low, high] under `key`, or that this is, if empty; none
  // is a problem.
  int64_t NeededNumber(absl::string_view key, int64_t low, int64_t high) const;
  // Calls visit(element) for every element of the array under `key`; for none if
  // they are more than `most`, which is a problem.
  void ForEach(absl::string_view key, const std::function<void(const ObjectFields&)>& visit,
               size_t most = std::numeric_limits<size_t>::max()) const;
  // Whether `key` has true; false if it is absent.
  bool Flag(absl::string_view key) const;
  // Calls visit(name, field) for every field of the object under `key`, by name;
  // `most` as above.
  void ForEachField(absl::string_view key,
                    const std::function<void(const std::string&, const ObjectFields&)>& visit,
                    size_t most = std::numeric_limits<size_t>::max()) const;
  // Calls visit(name, text) for every entry of the object of texts under `key`.
  void ForEachText(absl::string_view key,
                   const std::function<void(const std::string&, const std::string&)>& visit) const;
  // The text that this field itself is.
  std::string OwnText() const;

  // Says that the field under `key` (or this one, if empty) is not what is wanted.
  void Reject(absl::string_view key, absl::string_view want) const;

 private:
  ObjectFields(const nlohmann::json* value, std::string path, std::string& problem);

  // Whether this has more than `most` elements, which is a problem.
  bool IsLongerThan(size_t most) const;

  const nlohmann::json* value_;  // null if absent
  std::string path_;
  std::string& problem_;
};

}  // namespace muster::declare
