// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace muster {

// An expression in CEL as a tree: what selectors of devices are written in.
struct CelNode {
  enum class Kind {
    kLiteral,  // a text, number or truth
    kName,     // a variable
    kList,
    kField,  // children[0].text
    kIndex,  // children[0][children[1]]
    kCall,   // text(children), or children[0].text(the rest) if `method`
    kHas,    // has(children[0])
    kBind,   // cel.bind(text, children[0], children[1])
    kNot,
    kAnd,
    kOr,
    kCompare,  // children[0] text children[1]; text is ==, !=, <, <=, >, >= or in
  };
  enum class Literal { kText, kNumber, kTruth };

  Kind kind = Kind::kLiteral;
  std::string text = "";
  Literal literal = Literal::kText;
  int64_t number = 0;  // 0 or 1 for a truth
  bool method = false;
  std::vector<std::unique_ptr<CelNode>> children = {};
};

// The tree of `text`; null where it is not in the part of CEL that is
// understood: &&, ||, !, comparisons, in, lists, fields and indices, has,
// cel.bind, and the functions of KnownFunction.
//
// Source: github.com/google/cel-spec doc/langdef.md, and the libraries that
//         k8s.io/dynamic-resource-allocation/cel 0.37 adds.
// Cost:   O(length); texts of more than 10 KiB or 64 levels are refused.
std::unique_ptr<const CelNode> ParseCel(absl::string_view text);

// Whether the function is understood, called with so many arguments; of a
// method the first is what it is called on.
bool KnownFunction(absl::string_view name, bool method, size_t arguments);

}  // namespace muster
