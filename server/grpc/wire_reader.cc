// SPDX-License-Identifier: Apache-2.0
#include "server/grpc/wire_reader.h"

namespace muster {

bool WireReader::Fail() {
  ok_ = false;
  rest_ = {};
  return false;
}

bool WireReader::ReadVarint(uint64_t& value) {
  value = 0;
  for (int shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) return true;
  }
  return false;
}

bool WireReader::Skip(uint64_t bytes) {
  if (bytes > rest_.size()) return false;
  rest_.remove_prefix(bytes);
  return true;
}

bool WireReader::Next() {
  content_ = {};
  if (rest_.empty()) return false;
  uint64_t tag = 0;
  if (!ReadVarint(tag) || tag >> 3 == 0 || tag >> 3 > 0x1fffffff) return Fail();
  field_ = static_cast<uint32_t>(tag >> 3);
  uint64_t number = 0;
  switch (tag & 7) {
    case 0:
      return ReadVarint(number) || Fail();
    case 1:
      return Skip(8) || Fail();
    case 2: {
      if (!ReadVarint(number)) return Fail();
      const absl::string_view from_here = rest_;
      if (!Skip(number)) return Fail();
      content_ = from_here.substr(0, number);
      return true;
    }
    case 5:
      return Skip(4) || Fail();
    default:  // groups, which Kubernetes has none of
      return Fail();
  }
}

}  // namespace muster
