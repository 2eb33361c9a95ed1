// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "test/simulation/timeline.h"

namespace muster::test {

// What must never be, and was.
class Violations {
 public:
  explicit Violations(Timeline& timeline) : timeline_(timeline) {}

  void Add(const std::string& what) {
    timeline_.Note("VIOLATION " + what);
    all_.push_back(what);
  }
  const std::vector<std::string>& all() const { return all_; }

 private:
  Timeline& timeline_;
  std::vector<std::string> all_;
};

}  // namespace muster::test
