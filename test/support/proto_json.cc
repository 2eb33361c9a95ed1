// SPDX-License-Identifier: Apache-2.0
#include "test/support/proto_json.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "kubernetes/objects.pb.h"
#include "nlohmann/json.hpp"

namespace muster::test {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using Json = nlohmann::json;

template <typename M>
const M& As(const Message& message) {
  return static_cast<const M&>(message);
}

Json TextOf(const kubernetes::Time& time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::FromUnixSeconds(time.seconds()), absl::UTCTimeZone());
}

Json ValueOf(const Message& message) {
  const Descriptor* kind = message.GetDescriptor();
  if (kind == kubernetes::Quantity::descriptor()) return As<kubernetes::Quantity>(message).string();
  if (kind == kubernetes::Time::descriptor()) return TextOf(As<kubernetes::Time>(message));
  return ToJson(message);
}

Json MapOf(const Message& message, const Reflection& reflection, const FieldDescriptor* field) {
  Json map = Json::object();
  const bool texts = field->message_type() == kubernetes::TextEntry::descriptor();
  for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
    const Message& entry = reflection.GetRepeatedMessage(message, field, i);
    if (texts) {
      map[As<kubernetes::TextEntry>(entry).key()] = As<kubernetes::TextEntry>(entry).value();
    } else {
      const auto& amount = As<kubernetes::QuantityEntry>(entry);
      map[amount.key()] = amount.value().string();
    }
  }
  return map;
}

bool IsMap(const FieldDescriptor* field) {
  const Descriptor* kind = field->message_type();
  return kind == kubernetes::TextEntry::descriptor() || kind == kubernetes::QuantityEntry::descriptor();
}

Json ListOf(const Message& message, const Reflection& reflection, const FieldDescriptor* field) {
  Json list = Json::array();
  const bool texts = field->cpp_type() == FieldDescriptor::CPPTYPE_STRING;
  for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
    list.push_back(texts ? Json(reflection.GetRepeatedString(message, field, i))
                         : ValueOf(reflection.GetRepeatedMessage(message, field, i)));
  }
  return list;
}

// Null: there is nothing to say.
Json SingleOf(const Message& message, const Reflection& reflection, const FieldDescriptor* field) {
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_MESSAGE: {
      const Message& value = reflection.GetMessage(message, field);
      const bool no_time = field->message_type() == kubernetes::Time::descriptor() &&
                           !As<kubernetes::Time>(value).has_seconds();
      return no_time ? Json() : ValueOf(value);
    }
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection.GetBool(message, field);
    case FieldDescriptor::CPPTYPE_INT32:
      return reflection.GetInt32(message, field);
    case FieldDescriptor::CPPTYPE_INT64:
      return reflection.GetInt64(message, field);
    default: {
      std::string text = reflection.GetString(message, field);
      return text.empty() ? Json() : Json(std::move(text));
    }
  }
}

}  // namespace

Json ToJson(const Message& message) {
  const Reflection& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  Json object = Json::object();
  for (const FieldDescriptor* field : fields) {
    const bool of_messages = field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
    Json value = !field->is_repeated()         ? SingleOf(message, reflection, field)
                 : of_messages && IsMap(field) ? MapOf(message, reflection, field)
                                               : ListOf(message, reflection, field);
    if (!value.is_null()) object[field->name()] = std::move(value);
  }
  return object;
}

}  // namespace muster::test
