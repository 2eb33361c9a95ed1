// SPDX-License-Identifier: Apache-2.0
#include "scheduling/declare/object_fields.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"

namespace muster::declare {

using Json = nlohmann::json;

namespace {

constexpr size_t kMostShown = 80;

std::string ShownText(const std::string& text) {
  return Json(text.substr(0, kMostShown)).dump(-1, ' ', true, Json::error_handler_t::replace);
}

// Every level of nesting shows something, so what is shown bounds the depth.
void Show(const Json& value, std::string& text) {
  if (value.is_string()) {
    text += ShownText(value.get_ref<const std::string&>());
  } else if (!value.is_structured()) {
    text += value.dump();
  } else {
    text += value.is_object() ? '{' : '[';
    for (auto at = value.begin(); at != value.end() && text.size() < kMostShown; ++at) {
      if (at != value.begin()) text += ',';
      if (value.is_object()) absl::StrAppend(&text, ShownText(at.key()), ":");
      if (text.size() < kMostShown) Show(*at, text);
    }
    text += value.is_object() ? '}' : ']';
  }
}

}  // namespace

std::string Shown(const Json& value) {
  std::string text;
  Show(value, text);
  return text.substr(0, kMostShown);
}

ObjectFields::ObjectFields(const Json& object, std::string& problem) : ObjectFields(&object, "", problem) {}

ObjectFields::ObjectFields(const Json* value, std::string path, std::string& problem)
    : value_(value == nullptr || value->is_null() ? nullptr : value),
      path_(std::move(path)),
      problem_(problem) {}

ObjectFields ObjectFields::At(absl::string_view key) const {
  const Json* found = nullptr;
  if (value_ != nullptr && value_->is_object()) {
    const auto at = value_->find(key);
    if (at != value_->end()) found = &*at;
  } else if (value_ != nullptr) {
    Reject("", "an object");
  }
  return ObjectFields(found, absl::StrCat(path_, "/", key), problem_);
}

std::string ObjectFields::OwnText() const {
  if (value_ == nullptr) return "";
  if (value_->is_string()) return value_->get<std::string>();
  Reject("", "text");
  return "";
}

std::string ObjectFields::Text(absl::string_view key) const { return At(key).OwnText(); }

std::string ObjectFields::NeededText(absl::string_view key) const {
  std::string text = Text(key);
  if (text.empty()) Reject(key, "text");
  return text;
}

int64_t ObjectFields::NeededNumber(absl::string_view key, int64_t low, int64_t high) const {
  const ObjectFields field = key.empty() ? *this : At(key);
  if (field.Present() && field.value_->is_number_integer()) {
    // A number beyond int64 comes out negative.
    const auto number = field.value_->get<int64_t>();
    if (number >= low && number <= high) return number;
  }
  field.Reject("", absl::StrCat("a whole number from ", low, " to ", high));
  return low;
}

void ObjectFields::ForEach(absl::string_view key, const std::function<void(const ObjectFields&)>& visit,
                           size_t most) const {
  const ObjectFields list = At(key);
  if (!list.Present()) return;
  if (!list.value_->is_array()) return list.Reject("", "a list");
  if (list.IsLongerThan(most)) return;
  size_t index = 0;
  for (const Json& element : *list.value_) {
    visit(ObjectFields(&element, absl::StrCat(list.path_, "/", index++), problem_));
  }
}

bool ObjectFields::IsLongerThan(size_t most) const {
  if (value_->size() <= most) return false;
  if (problem_.empty()) {
    problem_ = absl::StrCat(path_, " has ", value_->size(), " elements; the most is ", most);
  }
  return true;
}

bool ObjectFields::Flag(absl::string_view key) const {
  const ObjectFields field = At(key);
  if (!field.Present()) return false;
  if (field.value_->is_boolean()) return field.value_->get<bool>();
  field.Reject("", "true or false");
  return false;
}

void ObjectFields::ForEachField(absl::string_view key,
                                const std::function<void(const std::string&, const ObjectFields&)>& visit,
                                size_t most) const {
  const ObjectFields map = At(key);
  if (!map.Present()) return;
  if (!map.value_->is_object()) return map.Reject("", "an object");
  if (map.IsLongerThan(most)) return;
  for (const auto& entry : map.value_->items()) visit(entry.key(), map.At(entry.key()));
}

void ObjectFields::ForEachText(
    absl::string_view key, const std::function<void(const std::string&, const std::string&)>& visit) const {
  ForEachField(key,
               [&](const std::string& name, const ObjectFields& field) { visit(name, field.OwnText()); });
}

void ObjectFields::Reject(absl::string_view key, absl::string_view want) const {
  if (!key.empty()) return At(key).Reject("", want);
  if (!problem_.empty()) return;
  problem_ = absl::StrCat(path_.empty() ? "the object" : path_, " is ",
                          value_ == nullptr ? "missing" : Shown(*value_), "; want ", want);
}

}  // namespace muster::declare
