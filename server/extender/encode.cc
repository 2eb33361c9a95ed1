// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "server/extender/codec.h"

namespace muster {
namespace {

bool NeedsEscape(char c) { return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\'; }

// A word with the highest bit of each byte set that is less than `limit`
// (at most 128) in `word`, and perhaps in bytes above such a one.
constexpr uint64_t BytesBelow(uint64_t word, uint64_t limit) {
  constexpr uint64_t kOnes = 0x0101010101010101;
  return (word - kOnes * limit) & ~word & (kOnes * 0x80);
}

constexpr uint64_t BytesEqual(uint64_t word, unsigned char byte) {
  return BytesBelow(word ^ (0x0101010101010101 * byte), 1);
}

// How many characters from the first on need no escape. Eight at a time: an
// answer may carry the names of all nodes.
size_t PlainPrefix(absl::string_view text) {
  size_t plain = 0;
  for (; text.size() - plain >= sizeof(uint64_t); plain += sizeof(uint64_t)) {
    uint64_t word;
    std::memcpy(&word, text.data() + plain, sizeof word);
    if ((BytesBelow(word, 0x20) | BytesEqual(word, '"') | BytesEqual(word, '\\')) != 0) break;
  }
  while (plain < text.size() && !NeedsEscape(text[plain])) ++plain;
  return plain;
}

void AppendQuoted(absl::string_view text, std::string& out) {
  out.push_back('"');
  while (!text.empty()) {
    const size_t plain = PlainPrefix(text);
    out.append(text.data(), plain);
    text.remove_prefix(plain);
    if (text.empty()) break;
    const char c = text.front();
    text.remove_prefix(1);
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else {
      absl::StrAppend(&out, "\\u", absl::Hex(static_cast<unsigned char>(c), absl::kZeroPad4));
    }
  }
  out.push_back('"');
}

// An ExtenderFilterResult around the given names.
class FilterResult {
 public:
  explicit FilterResult(size_t names) {
    out_.reserve(128 + names * 32);
    out_ += "{\"NodeNames\":[";
  }
  void Name(absl::string_view name) {
    if (out_.back() == '"') out_.push_back(',');
    AppendQuoted(name, out_);
  }
  std::string Pass() && {
    return std::move(out_) + "],\"FailedNodes\":{},\"FailedAndUnresolvableNodes\":{},\"Error\":\"\"}";
  }
  std::string Refuse(absl::string_view first, absl::string_view text) && {
    out_ += "],\"FailedNodes\":{},\"FailedAndUnresolvableNodes\":{";
    AppendQuoted(first, out_);
    out_.push_back(':');
    AppendQuoted(text, out_);
    out_ += "},\"Error\":\"\"}";
    return std::move(out_);
  }

 private:
  std::string out_;
};

std::string Encode(const PassAll& answer, absl::Span<const absl::string_view> candidates) {
  FilterResult result(candidates.size());
  auto except = answer.except.begin();
  for (const absl::string_view name : candidates) {
    if (except != answer.except.end() && *except == name) {
      ++except;
    } else {
      result.Name(name);
    }
  }
  return std::move(result).Pass();
}

std::string Encode(const PassOne& answer, absl::Span<const absl::string_view> candidates) {
  if (std::find(candidates.begin(), candidates.end(), answer.node.text()) == candidates.end()) {
    return EncodeFilterError(
        absl::StrCat("internal: the seat's node ", answer.node.text(), " is not among the candidates"));
  }
  FilterResult result(1);
  result.Name(answer.node.text());
  return std::move(result).Pass();
}

std::string Encode(const Refused& answer, absl::Span<const absl::string_view> candidates) {
  FilterResult result(0);
  if (candidates.empty()) return std::move(result).Pass();
  return std::move(result).Refuse(candidates.front(), answer.text);
}

}  // namespace

std::string EncodeFilter(const FilterAnswer& answer, absl::Span<const absl::string_view> candidates) {
  return std::visit([&](const auto& kind) { return Encode(kind, candidates); }, answer);
}

std::string EncodeFilterError(absl::string_view error) {
  std::string out = "{\"NodeNames\":[],\"FailedNodes\":{},\"FailedAndUnresolvableNodes\":{},\"Error\":";
  AppendQuoted(error, out);
  out.push_back('}');
  return out;
}

std::string EncodeScores(absl::Span<const absl::string_view> candidates, absl::Span<const int64_t> scores) {
  std::string out = "[";
  out.reserve(2 + candidates.size() * 48);
  for (size_t i = 0; i < candidates.size(); ++i) {
    if (i > 0) out.push_back(',');
    out += "{\"Host\":";
    AppendQuoted(candidates[i], out);
    absl::StrAppend(&out, ",\"Score\":", scores[i], "}");
  }
  out.push_back(']');
  return out;
}

std::string EncodeBind(const absl::Status& status) {
  std::string out = "{\"Error\":";
  // Without a message it would read as success.
  const std::string text =
      status.ok() || !status.message().empty() ? std::string(status.message()) : status.ToString();
  AppendQuoted(text, out);
  out.push_back('}');
  return out;
}

std::string EncodeOptions(absl::Span<const EvictionOption> options) {
  std::string out = "{\"NodeNameToMetaVictims\":{";
  for (const EvictionOption& option : options) {
    if (option.victims.empty()) continue;
    if (out.back() == '}') out.push_back(',');
    AppendQuoted(option.node.text(), out);
    out += ":{\"Pods\":[";
    for (const PodUid& victim : option.victims) {
      if (out.back() == '}') out.push_back(',');
      out += "{\"UID\":";
      AppendQuoted(victim.text(), out);
      out.push_back('}');
    }
    absl::StrAppend(&out, "],\"NumPDBViolations\":", option.pdb_violations, "}");
  }
  out += "}}";
  return out;
}

}  // namespace muster
