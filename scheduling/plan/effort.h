// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace muster {

// What may still be spent on more than one look at everything: a plan has one,
// and its refusal another, so that the time of neither grows with what is tried.
class Effort {
 public:
  explicit Effort(int32_t nodes) : visits_(50'000 + 20 * int64_t{nodes}) {}

  // Nodes that are visited once more.
  void Spend(int64_t visits) { visits_ -= visits; }
  bool spent() const { return visits_ < 0; }

  // Whether one more node may be tried by a search of all assignments.
  bool TryOne() { return --tries_ >= 0; }
  bool searched_enough() const { return tries_ < 0; }

 private:
  int64_t visits_;
  int64_t tries_ = 50'000;
};

}  // namespace muster
