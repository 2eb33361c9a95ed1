// SPDX-License-Identifier: Apache-2.0
#include "server/kube/wire.h"

#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/arena.h"
#include "google/protobuf/message.h"
#include "kubernetes/objects.pb.h"
#include "nlohmann/json.hpp"
#include "server/objects/fields.h"

namespace muster::kube {
namespace {

using google::protobuf::Arena;
using Json = nlohmann::json;

constexpr absl::string_view kMagic("k8s\0", 4);
constexpr size_t kLengthBytes = 4;
constexpr char kTypeTag = 0x0a;  // of WatchEvent.type, its first field

bool Parse(absl::string_view bytes, google::protobuf::Message* message) {
  return message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

struct Frame {
  absl::string_view content;
  size_t whole = 0;  // with what ends it, or its length in front
};

// A length that begins with a larger byte would be one of 80 MB and more.
bool IsText(char first) { return static_cast<unsigned char>(first) > 4; }

// The first frame of these bytes, in whose first `searched` no line ends;
// nullopt if it is not complete. REQUIRES: there are bytes.
std::optional<Frame> FirstFrame(absl::string_view bytes, size_t searched) {
  if (IsText(bytes.front())) {
    const size_t end = bytes.find('\n', searched);
    if (end == absl::string_view::npos) return std::nullopt;
    return Frame{bytes.substr(0, end), end + 1};
  }
  if (bytes.size() < kLengthBytes) return std::nullopt;
  size_t length = 0;
  for (size_t i = 0; i < kLengthBytes; ++i) length = length << 8 | static_cast<unsigned char>(bytes[i]);
  if (bytes.size() - kLengthBytes < length) return std::nullopt;
  return Frame{bytes.substr(kLengthBytes, length), kLengthBytes + length};
}

absl::Status NoList() { return absl::InvalidArgumentError("the answer is no list of objects"); }
absl::Status NoEvent() { return absl::InvalidArgumentError("a frame is no watch event"); }

// The message of an enveloped object of one of the kinds that are known; null
// if it is another or the bytes are wrong.
const google::protobuf::Message* Open(absl::string_view enveloped, Arena& arena) {
  if (!absl::StartsWith(enveloped, kMagic)) return nullptr;
  auto* envelope = Arena::CreateMessage<kubernetes::Envelope>(&arena);
  if (!Parse(enveloped.substr(kMagic.size()), envelope)) return nullptr;
  const std::string& kind = envelope->typemeta().kind();
  const bool core = envelope->typemeta().apiversion() == "v1";
  google::protobuf::Message* message = nullptr;
  if (core && kind == "Pod") message = Arena::CreateMessage<kubernetes::Pod>(&arena);
  if (core && kind == "PodList") message = Arena::CreateMessage<kubernetes::PodList>(&arena);
  if (core && kind == "Node") message = Arena::CreateMessage<kubernetes::Node>(&arena);
  if (core && kind == "NodeList") message = Arena::CreateMessage<kubernetes::NodeList>(&arena);
  if (core && kind == "Namespace") message = Arena::CreateMessage<kubernetes::Namespace>(&arena);
  if (core && kind == "NamespaceList") message = Arena::CreateMessage<kubernetes::NamespaceList>(&arena);
  if (kind == "Status") message = Arena::CreateMessage<kubernetes::Status>(&arena);
  const bool fine = message != nullptr && envelope->has_raw() && Parse(envelope->raw(), message);
  return fine ? message : nullptr;
}

template <typename List>
bool Visit(const google::protobuf::Message& message, const std::function<void(const ApiObject&)>& visit,
           ListEnd& end) {
  if (message.GetDescriptor() != List::descriptor()) return false;
  const auto& list = static_cast<const List&>(message);
  end = {list.metadata().resourceversion(), list.metadata().continue_()};
  for (const auto& item : list.items()) visit(item);
  return true;
}

absl::StatusOr<ListEnd> ReadProtobufList(absl::string_view body,
                                         const std::function<void(const ApiObject&)>& visit) {
  Arena arena;
  const google::protobuf::Message* message = Open(body, arena);
  ListEnd end;
  const bool read = message != nullptr && (Visit<kubernetes::PodList>(*message, visit, end) ||
                                           Visit<kubernetes::NodeList>(*message, visit, end) ||
                                           Visit<kubernetes::NamespaceList>(*message, visit, end));
  if (!read) return NoList();
  return end;
}

absl::Status ReadProtobufEvent(absl::string_view frame,
                               const std::function<void(absl::string_view, const ApiObject&)>& visit) {
  Arena arena;
  auto* event = Arena::CreateMessage<kubernetes::WatchEvent>(&arena);
  if (!Parse(frame, event)) return NoEvent();
  const google::protobuf::Message* object = Open(event->object().raw(), arena);
  if (event->type().empty() || object == nullptr) return NoEvent();
  visit(event->type(), *object);
  return absl::OkStatus();
}

}  // namespace

const char* const kAcceptProtobuf =
    "application/vnd.kubernetes.protobuf;stream=watch,application/vnd.kubernetes.protobuf,application/json";
const char* const kAcceptJson = "application/json";

bool FrameSplitter::Add(absl::string_view piece, size_t longest,
                        const std::function<bool(absl::string_view)>& visit) {
  absl::StrAppend(&rest_, piece);
  absl::string_view left = rest_;
  bool fine = true;
  while (fine && !left.empty()) {
    const std::optional<Frame> frame = FirstFrame(left, searched_);
    searched_ = frame.has_value() ? 0 : left.size();
    if (!frame.has_value()) break;
    left.remove_prefix(frame->whole);
    fine = visit(frame->content);
  }
  rest_.erase(0, rest_.size() - left.size());
  return fine && rest_.size() <= longest;
}

absl::StatusOr<ListEnd> ReadList(absl::string_view body, Form form,
                                 const std::function<void(const ApiObject&)>& visit) {
  if (form == Form::kProtobufOrJson && absl::StartsWith(body, kMagic)) return ReadProtobufList(body, visit);
  const Json list = Json::parse(body.begin(), body.end(), nullptr, /*allow_exceptions=*/false);
  if (!list.is_object() || !list.contains("items")) return NoList();
  const Json& items = list["items"];
  if (!items.is_array() && !items.is_null()) return NoList();
  for (const Json& item : items) visit(item);
  absl::Status ignored;
  const Fields metadata = Fields(list, &ignored).At("metadata");
  return ListEnd{metadata.String("resourceVersion"), metadata.String("continue")};
}

absl::Status ReadEvent(absl::string_view frame, Form form,
                       const std::function<void(absl::string_view, const ApiObject&)>& visit) {
  // No line begins with the byte that ends lines.
  if (form == Form::kProtobufOrJson && !frame.empty() && frame.front() == kTypeTag) {
    return ReadProtobufEvent(frame, visit);
  }
  const Json event = Json::parse(frame.begin(), frame.end(), nullptr, /*allow_exceptions=*/false);
  if (!event.is_object() || !event.contains("object") || !event["object"].is_object()) return NoEvent();
  absl::Status ignored;
  const std::string type = Fields(event, &ignored).String("type");
  if (type.empty()) return NoEvent();
  visit(type, event["object"]);
  return absl::OkStatus();
}

}  // namespace muster::kube
