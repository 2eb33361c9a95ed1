// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "absl/strings/string_view.h"

namespace google::protobuf {
class FieldDescriptor;
class Message;
}  // namespace google::protobuf

// Fields of the messages of proto/kubernetes, read as the fields of the JSON that
// an API server would have sent instead: texts are UTF-8 whatever the bytes are,
// maps are lists of entries, amounts and times are messages of their own, and a
// text without a character is absent, since the protobuf of Kubernetes has one
// wherever the JSON has nothing.
//
// Cost: that of looking through the fields of one message.
namespace muster::proto {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// The field under `key`; null where it is not set, or there is none.
const FieldDescriptor* SetField(const Message& message, absl::string_view key);

// The message in this field; null if the field is no single message but a time,
// or something else.
const Message* MessageIn(const Message& message, const FieldDescriptor& field);

// Each reads a field of this type; of another it says nothing.
std::string TextIn(const Message& message, const FieldDescriptor& field);  // also of a time
bool BoolIn(const Message& message, const FieldDescriptor& field);
int64_t IntegerIn(const Message& message, const FieldDescriptor& field, int64_t otherwise);
std::string ElementIn(const Message& message, const FieldDescriptor& field, int index);  // of a list of texts

// Calls visit(element) for each message of a list; null for each text.
void ForEachIn(const Message& message, const FieldDescriptor& field,
               const std::function<void(const Message* element)>& visit);
// Calls visit(key, text) for each entry of a map of texts or of amounts.
void ForEachEntryIn(const Message& message, const FieldDescriptor& field,
                    const std::function<void(absl::string_view key, const std::string& text)>& visit);

}  // namespace muster::proto
