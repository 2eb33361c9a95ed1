// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "absl/strings/string_view.h"

namespace muster {

// Walks the fields of one protobuf message in its bytes and copies nothing.
//
// Why:     of a pod of Kubernetes three fields out of hundreds are needed, and
//          a request may have a million pods.
// Source:  protobuf.dev/programming-guides/encoding.
// Threads: thread-compatible; the bytes outlive it.
class WireReader {
 public:
  explicit WireReader(absl::string_view bytes) : rest_(bytes) {}

  // Goes to the next field. False at the end, and where the bytes are no message.
  bool Next();
  // Whether all was well so far.
  bool ok() const { return ok_; }

  uint32_t field() const { return field_; }
  // The content of a field that has a length (text, bytes, a message); empty for others.
  absl::string_view content() const { return content_; }

 private:
  bool Fail();
  bool ReadVarint(uint64_t& value);
  bool Skip(uint64_t bytes);

  absl::string_view rest_;
  uint32_t field_ = 0;
  absl::string_view content_;
  bool ok_ = true;
};

}  // namespace muster
