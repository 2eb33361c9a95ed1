// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace muster {

// A name that cannot be mistaken for another kind of name.
//
// Names of nodes, pods and gangs are all text and sit side by side in argument
// lists; a type of its own for each turns swapped arguments into a compile
// error.
template <typename Kind>
class Id {
 public:
  Id() = default;
  explicit Id(std::string text) : text_(std::move(text)) {}

  const std::string& text() const { return text_; }
  bool empty() const { return text_.empty(); }

  friend bool operator==(const Id&, const Id&) = default;
  friend auto operator<=>(const Id&, const Id&) = default;
  template <typename H>
  friend H AbslHashValue(H h, const Id& id) {
    return H::combine(std::move(h), id.text_);
  }

 private:
  std::string text_;
};

// An Id of something that lives in a namespace, written "namespace/name".
template <typename Kind>
class NamespacedId : public Id<Kind> {
 public:
  NamespacedId() = default;
  NamespacedId(absl::string_view ns, absl::string_view name)
      : Id<Kind>(absl::StrCat(ns, "/", name)), slash_(ns.size()) {}

  absl::string_view ns() const { return absl::string_view(this->text()).substr(0, slash_); }
  absl::string_view name() const {
    return this->empty() ? absl::string_view() : absl::string_view(this->text()).substr(slash_ + 1);
  }

 private:
  size_t slash_ = 0;
};

using NodeName = Id<struct NodeNameKind>;
using PodUid = Id<struct PodUidKind>;
using PodName = NamespacedId<struct PodNameKind>;
using GangId = NamespacedId<struct GangIdKind>;

// A workload, "namespace/Kind:name".
using WorkloadId = NamespacedId<struct WorkloadKind>;

// The name of an object that says something of a gang: those of different
// ecosystems may share one.
struct DeclarationKey {
  std::string declared_by;
  GangId gang;
  friend bool operator==(const DeclarationKey&, const DeclarationKey&) = default;
  friend auto operator<=>(const DeclarationKey&, const DeclarationKey&) = default;
};

}  // namespace muster
