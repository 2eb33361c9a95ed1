// SPDX-License-Identifier: Apache-2.0
#include "server/objects/proto_value.h"

#include "absl/time/time.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "kubernetes/objects.pb.h"
#include "nlohmann/json.hpp"
#include "simdjson.h"

namespace muster::proto {
namespace {

template <typename M>
const M& As(const Message& message) {
  return static_cast<const M&>(message);
}

// An API server takes any bytes for a text in protobuf. In JSON it has a replacement
// character wherever they are no UTF-8, and so has this.
std::string Text(const std::string& bytes) {
  if (simdjson::validate_utf8(bytes.data(), bytes.size())) return bytes;
  using Json = nlohmann::json;
  return Json::parse(Json(bytes).dump(-1, ' ', false, Json::error_handler_t::replace)).get<std::string>();
}

bool IsTime(const FieldDescriptor& field) { return field.message_type() == kubernetes::Time::descriptor(); }

bool IsText(const FieldDescriptor& field) { return field.cpp_type() == FieldDescriptor::CPPTYPE_STRING; }

bool IsMessage(const FieldDescriptor& field) { return field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE; }

const FieldDescriptor* Named(const Message& message, absl::string_view key) {
  const auto& kind = *message.GetDescriptor();
  for (int i = 0; i < kind.field_count(); ++i) {
    const FieldDescriptor* field = kind.field(i);
    if (field->name() == key) return field;
  }
  return nullptr;
}

bool IsSet(const Message& message, const FieldDescriptor& field) {
  const auto& reflection = *message.GetReflection();
  if (field.is_repeated()) return reflection.FieldSize(message, &field) > 0;
  if (!reflection.HasField(message, &field)) return false;
  std::string scratch;
  if (IsText(field)) return !reflection.GetStringReference(message, &field, &scratch).empty();
  return !IsMessage(field) || !IsTime(field) ||
         As<kubernetes::Time>(reflection.GetMessage(message, &field)).has_seconds();
}

}  // namespace

const FieldDescriptor* SetField(const Message& message, absl::string_view key) {
  const FieldDescriptor* field = Named(message, key);
  return field != nullptr && IsSet(message, *field) ? field : nullptr;
}

const Message* MessageIn(const Message& message, const FieldDescriptor& field) {
  if (field.is_repeated() || !IsMessage(field) || IsTime(field)) return nullptr;
  return &message.GetReflection()->GetMessage(message, &field);
}

std::string TextIn(const Message& message, const FieldDescriptor& field) {
  if (field.is_repeated()) return "";
  if (IsText(field)) return Text(message.GetReflection()->GetString(message, &field));
  if (!IsMessage(field) || !IsTime(field)) return "";
  const auto& time = As<kubernetes::Time>(message.GetReflection()->GetMessage(message, &field));
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::FromUnixSeconds(time.seconds()), absl::UTCTimeZone());
}

bool BoolIn(const Message& message, const FieldDescriptor& field) {
  return !field.is_repeated() && field.cpp_type() == FieldDescriptor::CPPTYPE_BOOL &&
         message.GetReflection()->GetBool(message, &field);
}

int64_t IntegerIn(const Message& message, const FieldDescriptor& field, int64_t otherwise) {
  if (field.is_repeated()) return otherwise;
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_INT32)
    return message.GetReflection()->GetInt32(message, &field);
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_INT64)
    return message.GetReflection()->GetInt64(message, &field);
  return otherwise;
}

std::string ElementIn(const Message& message, const FieldDescriptor& field, int index) {
  if (!field.is_repeated() || !IsText(field)) return "";
  return Text(message.GetReflection()->GetRepeatedString(message, &field, index));
}

void ForEachIn(const Message& message, const FieldDescriptor& field,
               const std::function<void(const Message* element)>& visit) {
  if (!field.is_repeated()) return;
  const auto& reflection = *message.GetReflection();
  const int size = reflection.FieldSize(message, &field);
  for (int i = 0; i < size; ++i)
    visit(IsMessage(field) ? &reflection.GetRepeatedMessage(message, &field, i) : nullptr);
}

void ForEachEntryIn(const Message& message, const FieldDescriptor& field,
                    const std::function<void(absl::string_view key, const std::string& text)>& visit) {
  if (!field.is_repeated() || !IsMessage(field)) return;
  const bool texts = field.message_type() == kubernetes::TextEntry::descriptor();
  if (!texts && field.message_type() != kubernetes::QuantityEntry::descriptor()) return;
  ForEachIn(message, field, [&](const Message* entry) {
    if (texts) {
      const auto& text = As<kubernetes::TextEntry>(*entry);
      visit(Text(text.key()), Text(text.value()));
    } else {
      const auto& amount = As<kubernetes::QuantityEntry>(*entry);
      visit(Text(amount.key()), Text(amount.value().string()));
    }
  });
}

}  // namespace muster::proto
