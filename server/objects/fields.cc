// SPDX-License-Identifier: Apache-2.0
#include "server/objects/fields.h"

#include <algorithm>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "server/objects/proto_value.h"

namespace muster {
namespace {

using Json = nlohmann::json;

bool IsString(const Json& value) { return value.is_string(); }
bool IsBool(const Json& value) { return value.is_boolean(); }
bool IsInteger(const Json& value) { return value.is_number_integer(); }
bool IsObject(const Json& value) { return value.is_object(); }
bool IsArray(const Json& value) { return value.is_array(); }

}  // namespace

absl::Status CheckIsObject(const ApiObject& object, absl::string_view what) {
  if (object.json() == nullptr || object.json()->is_object()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(what, ": want an object, got ", object.json()->type_name()));
}

Fields::Fields(const ApiObject& object, absl::Status* error) : error_(error) {
  if (object.json() != nullptr && !object.json()->is_null()) value_.json = object.json();
  value_.message = object.message();
}

Fields::Fields(const Fields& parent, const Value& value, Step step)
    : value_(value), error_(parent.error_), depth_(parent.depth_) {
  std::copy_n(parent.path_.begin(), depth_, path_.begin());
  if (depth_ < kDeepest) path_[depth_++] = step;
}

Fields::Value Fields::Find(absl::string_view key) const {
  if (value_.message != nullptr && value_.field == nullptr) {
    const auto* field = proto::SetField(*value_.message, key);
    if (field == nullptr) return {};
    const auto* message = proto::MessageIn(*value_.message, *field);
    return message != nullptr ? Value{nullptr, message} : Value{nullptr, value_.message, field};
  }
  if (value_.json == nullptr) return {};
  if (!value_.json->is_object()) {
    Reject("", absl::StrCat("want an object, got ", value_.json->type_name()));
    return {};
  }
  const auto at = value_.json->find(std::string_view(key.data(), key.size()));
  return at == value_.json->end() || at->is_null() ? Value() : Value{&*at};
}

bool Fields::Is(const Value& found, bool (*of_type)(const Json&), absl::string_view key,
                absl::string_view want) const {
  if (found.json == nullptr) return found.field != nullptr;
  if (of_type(*found.json)) return true;
  Reject(key, absl::StrCat("want ", want, ", got ", found.json->type_name()));
  return false;
}

Fields Fields::At(absl::string_view key) const { return {*this, Find(key), {key}}; }

std::string Fields::String(absl::string_view key) const {
  const Value found = Find(key);
  if (!Is(found, IsString, key, "a string")) return "";
  if (found.json != nullptr) return found.json->get_ref<const std::string&>();
  return proto::TextIn(*found.message, *found.field);
}

bool Fields::Bool(absl::string_view key) const {
  const Value found = Find(key);
  if (!Is(found, IsBool, key, "true or false")) return false;
  return found.json != nullptr ? found.json->get<bool>() : proto::BoolIn(*found.message, *found.field);
}

int64_t Fields::Integer(absl::string_view key, int64_t otherwise) const {
  const Value found = Find(key);
  if (!Is(found, IsInteger, key, "a whole number")) return otherwise;
  return found.json != nullptr ? found.json->get<int64_t>()
                               : proto::IntegerIn(*found.message, *found.field, otherwise);
}

std::string Fields::Quantity(absl::string_view key) const {
  const Value found = Find(key);
  return found.json != nullptr && found.json->is_number() ? found.json->dump() : String(key);
}

std::vector<std::string> Fields::Keys() const {
  std::vector<std::string> keys;
  if (!Is(value_, IsObject, "", "an object")) return keys;
  if (value_.json == nullptr) {
    proto::ForEachEntryIn(*value_.message, *value_.field,
                          [&](absl::string_view name, const std::string&) { keys.emplace_back(name); });
    return keys;
  }
  for (const auto& [name, value] : value_.json->items()) keys.push_back(name);
  return keys;
}

Labels Fields::Strings(absl::string_view key) const {
  Labels labels;
  const Fields map = At(key);
  if (!Is(map.value_, IsObject, key, "an object")) return labels;
  if (map.value_.json == nullptr) {
    proto::ForEachEntryIn(*map.value_.message, *map.value_.field,
                          [&](absl::string_view name, const std::string& text) {
                            labels.insert_or_assign(std::string(name), text);
                          });
    return labels;
  }
  for (const auto& [name, value] : map.value_.json->items()) {
    if (value.is_string()) {
      labels.emplace(name, value.get_ref<const std::string&>());
    } else if (!value.is_null()) {
      map.Reject(name, absl::StrCat("want a string, got ", value.type_name()));
    }
  }
  return labels;
}

void Fields::ForEach(absl::string_view key, const std::function<void(const Fields&)>& visit) const {
  const Fields array = At(key);
  if (!Is(array.value_, IsArray, key, "an array")) return;
  size_t index = 0;
  if (array.value_.json == nullptr) {
    proto::ForEachIn(
        *array.value_.message, *array.value_.field, [&](const google::protobuf::Message* element) {
          const Value value = element != nullptr ? Value{nullptr, element}
                                                 : Value{nullptr, array.value_.message, array.value_.field,
                                                         static_cast<int>(index)};
          visit({array, value, {{}, index}});
          ++index;
        });
    return;
  }
  for (const Json& element : *array.value_.json) {
    visit({array, element.is_null() ? Value() : Value{&element}, {{}, index++}});
  }
}

void Fields::ForEachQuantity(absl::string_view key,
                             const std::function<void(absl::string_view, absl::string_view)>& visit) const {
  const Fields map = At(key);
  if (!Is(map.value_, IsObject, key, "an object")) return;
  if (map.value_.json == nullptr) {
    return proto::ForEachEntryIn(*map.value_.message, *map.value_.field,
                                 [&](absl::string_view name, const std::string& text) { visit(name, text); });
  }
  for (const auto& [name, value] : map.value_.json->items()) {
    if (value.is_string()) {
      visit(name, value.get_ref<const std::string&>());
    } else if (value.is_number()) {
      visit(name, value.dump());
    } else if (!value.is_null()) {
      map.Reject(name, absl::StrCat("want a quantity, got ", value.type_name()));
    }
  }
}

std::string Fields::Text() const {
  if (!Is(value_, IsString, "", "a string")) return "";
  return value_.json != nullptr ? value_.json->get_ref<const std::string&>()
                                : proto::ElementIn(*value_.message, *value_.field, value_.index);
}

void Fields::Reject(absl::string_view key, absl::string_view what) const {
  if (!error_->ok()) return;
  std::string path;
  for (size_t i = 0; i < depth_; ++i) {
    absl::StrAppend(&path, "/");
    path_[i].key.data() == nullptr ? absl::StrAppend(&path, path_[i].index)
                                   : absl::StrAppend(&path, path_[i].key);
  }
  *error_ = absl::InvalidArgumentError(absl::StrCat(path, key.empty() ? "" : "/", key, ": ", what));
}

}  // namespace muster
