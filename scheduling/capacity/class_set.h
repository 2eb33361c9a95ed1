// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>

#include "absl/strings/str_cat.h"
#include "scheduling/model/capacity.h"

namespace muster {

// Some of the capacity classes.
class ClassSet {
 public:
  constexpr ClassSet() = default;
  constexpr ClassSet(std::initializer_list<CapacityClass> classes) {
    for (const CapacityClass capacity : classes) bits_ = static_cast<uint8_t>(bits_ | Bit(capacity));
  }
  static constexpr ClassSet All() {
    ClassSet all;
    all.bits_ = (1 << kCapacityClasses) - 1;
    return all;
  }

  constexpr bool Has(CapacityClass capacity) const { return (bits_ & Bit(capacity)) != 0; }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr void Add(CapacityClass capacity) { bits_ = static_cast<uint8_t>(bits_ | Bit(capacity)); }
  constexpr bool Overlaps(ClassSet other) const { return (bits_ & other.bits_) != 0; }
  constexpr bool IsWithin(ClassSet other) const { return (bits_ & ~other.bits_) == 0; }

  friend constexpr bool operator==(ClassSet, ClassSet) = default;

 private:
  static constexpr uint8_t Bit(CapacityClass capacity) {
    return static_cast<uint8_t>(1 << static_cast<int>(capacity));
  }
  uint8_t bits_ = 0;
};

// Nodes that are known to stay as long as they are paid.
inline constexpr ClassSet kKept = {CapacityClass::kOnDemand, CapacityClass::kReserved};
// And those of which nobody knows that they may be taken back.
inline constexpr ClassSet kStays = {CapacityClass::kOnDemand, CapacityClass::kReserved,
                                    CapacityClass::kUnknown};
inline constexpr ClassSet kUnknownOnly = {CapacityClass::kUnknown};
inline constexpr ClassSet kSpotOnly = {CapacityClass::kSpot};
inline constexpr ClassSet kFlexOnly = {CapacityClass::kFlex};
// All but kKept.
inline constexpr ClassSet kNotKept = {CapacityClass::kSpot, CapacityClass::kFlex, CapacityClass::kUnknown};

// "on-demand or reserved": for people.
inline std::string Describe(ClassSet classes) {
  std::string text;
  for (const CapacityClass capacity : {CapacityClass::kOnDemand, CapacityClass::kReserved,
                                       CapacityClass::kSpot, CapacityClass::kFlex, CapacityClass::kUnknown}) {
    if (classes.Has(capacity)) absl::StrAppend(&text, text.empty() ? "" : " or ", Word(capacity));
  }
  return text;
}

}  // namespace muster
