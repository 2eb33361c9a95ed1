// SPDX-License-Identifier: Apache-2.0
#include "scheduling/model/seat.h"

namespace muster {

Seat SeatOf(const Pod& pod, const NodeName& node) {
  const bool member = pod.membership.has_value();
  return {pod.name,
          pod.uid,
          member ? pod.membership->role : "",
          member ? pod.membership->rank : std::nullopt,
          node,
          pod.shape.requests,
          CapacityClass::kUnknown,
          pod.shape.claims};
}

absl::string_view Word(Advice::Kind kind) {
  switch (kind) {
    case Advice::Kind::kCut:
      return "cut";
    case Advice::Kind::kRecut:
      return "recut";
    case Advice::Kind::kEvict:
      return "evict";
  }
  return "";
}

}  // namespace muster
