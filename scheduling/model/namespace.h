// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "scheduling/model/selector.h"

namespace muster {

// A namespace, as terms about pods of other namespaces see it.
struct Namespace {
  std::string name;
  Labels labels;

  friend bool operator==(const Namespace&, const Namespace&) = default;
};

}  // namespace muster
