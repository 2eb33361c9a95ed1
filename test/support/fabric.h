// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "scheduling/model/node.h"

namespace muster::test {

// Nodes with nothing but labels, called n0, n1, ... in the order given.
class Fabric {
 public:
  explicit Fabric(std::vector<Labels> labels) : nodes_(labels.size()) {
    for (size_t n = 0; n < labels.size(); ++n) {
      nodes_[n].name = NodeName(absl::StrCat("n", n));
      nodes_[n].labels = std::move(labels[n]);
      pointers_.push_back(&nodes_[n]);
    }
  }
  Fabric(const Fabric&) = delete;

  absl::Span<const Node* const> nodes() const { return pointers_; }

 private:
  std::vector<Node> nodes_;
  std::vector<const Node*> pointers_;
};

}  // namespace muster::test
