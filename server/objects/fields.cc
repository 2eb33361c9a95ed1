// SPDX-License-Identifier: Apache-2.0
#include "server/objects/fields.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"

namespace muster {

using Json = nlohmann::json;

Fields::Fields(const Json& object, std::string path, absl::Status* error)
    : value_(object.is_null() ? nullptr : &object), path_(std::move(path)), error_(error) {}

const Json* Fields::Find(absl::string_view key) const {
  if (value_ == nullptr) return nullptr;
  if (!value_->is_object()) {
    Reject("", absl::StrCat("want an object, got ", value_->type_name()));
    return nullptr;
  }
  const auto at = value_->find(std::string(key));
  return at == value_->end() || at->is_null() ? nullptr : &*at;
}

Fields Fields::At(absl::string_view key) const {
  static const auto& kAbsent = *new Json();
  const Json* found = Find(key);
  return Fields(found == nullptr ? kAbsent : *found, absl::StrCat(path_, "/", key), error_);
}

std::string Fields::String(absl::string_view key) const {
  const Json* found = Find(key);
  if (found == nullptr) return "";
  if (found->is_string()) return found->get_ref<const std::string&>();
  Reject(key, absl::StrCat("want a string, got ", found->type_name()));
  return "";
}

bool Fields::Bool(absl::string_view key) const {
  const Json* found = Find(key);
  if (found == nullptr) return false;
  if (found->is_boolean()) return found->get<bool>();
  Reject(key, absl::StrCat("want true or false, got ", found->type_name()));
  return false;
}

int64_t Fields::Integer(absl::string_view key, int64_t otherwise) const {
  const Json* found = Find(key);
  if (found == nullptr) return otherwise;
  if (found->is_number_integer()) return found->get<int64_t>();
  Reject(key, absl::StrCat("want a whole number, got ", found->type_name()));
  return otherwise;
}

Labels Fields::Strings(absl::string_view key) const {
  Labels labels;
  const Fields child = At(key);
  if (!child.Present()) return labels;
  if (!child.value_->is_object()) {
    Reject(key, absl::StrCat("want an object, got ", child.value_->type_name()));
    return labels;
  }
  for (const auto& [name, value] : child.value_->items()) {
    if (value.is_string()) {
      labels.emplace(name, value.get_ref<const std::string&>());
    } else if (!value.is_null()) {
      child.Reject(name, absl::StrCat("want a string, got ", value.type_name()));
    }
  }
  return labels;
}

void Fields::ForEach(absl::string_view key, const std::function<void(const Fields&)>& visit) const {
  const Json* found = Find(key);
  if (found == nullptr) return;
  if (!found->is_array()) {
    Reject(key, absl::StrCat("want an array, got ", found->type_name()));
    return;
  }
  size_t index = 0;
  for (const Json& element : *found)
    visit(Fields(element, absl::StrCat(path_, "/", key, "/", index++), error_));
}

void Fields::ForEachQuantity(absl::string_view key,
                             const std::function<void(absl::string_view, absl::string_view)>& visit) const {
  const Fields child = At(key);
  if (!child.Present()) return;
  if (!child.value_->is_object()) {
    Reject(key, absl::StrCat("want an object, got ", child.value_->type_name()));
    return;
  }
  for (const auto& [name, value] : child.value_->items()) {
    if (value.is_string()) {
      visit(name, value.get_ref<const std::string&>());
    } else if (value.is_number()) {
      visit(name, value.dump());
    } else if (!value.is_null()) {
      child.Reject(name, absl::StrCat("want a quantity, got ", value.type_name()));
    }
  }
}

std::string Fields::Text() const {
  if (value_ == nullptr) return "";
  if (value_->is_string()) return value_->get_ref<const std::string&>();
  Reject("", absl::StrCat("want a string, got ", value_->type_name()));
  return "";
}

void Fields::Reject(absl::string_view key, absl::string_view what) const {
  if (!error_->ok()) return;
  *error_ = absl::InvalidArgumentError(absl::StrCat(path_, key.empty() ? "" : "/", key, ": ", what));
}

}  // namespace muster
