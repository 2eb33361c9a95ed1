// SPDX-License-Identifier: Apache-2.0
#include "scheduling/dra/selector.h"

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "re2/re2.h"
#include "scheduling/dra/cel.h"
#include "scheduling/dra/version.h"
#include "scheduling/model/quantity.h"

namespace muster {
namespace {

struct Error {};    // of the evaluation
struct Unknown {};  // a value of a kind that is not read
struct Amount {     // a quantity
  int64_t millis = 0;
};
// What fields are looked up in.
struct Map {
  enum class Of { kDevice, kAttributes, kCapacity } of = Of::kDevice;
  std::string domain = "";  // set within attributes and capacity
};

using Value = std::variant<Error, Unknown, bool, int64_t, std::string, DeviceVersion, Amount, Map>;
using Names = std::map<std::string, Value>;

bool Is(const Value& value, bool truth) {
  const bool* held = std::get_if<bool>(&value);
  return held != nullptr && *held == truth;
}
bool IsUnknown(const Value& value) { return std::holds_alternative<Unknown>(value); }

// The order of two values of one kind; unset where there is none.
std::optional<int> Order(const Value& a, const Value& b) {
  const auto by = [](const auto& x, const auto& y) { return x < y ? -1 : (y < x ? 1 : 0); };
  if (a.index() != b.index()) return std::nullopt;
  if (const auto* x = std::get_if<bool>(&a)) return by(*x, std::get<bool>(b));
  if (const auto* x = std::get_if<int64_t>(&a)) return by(*x, std::get<int64_t>(b));
  if (const auto* x = std::get_if<std::string>(&a)) return by(*x, std::get<std::string>(b));
  if (const auto* x = std::get_if<Amount>(&a)) return by(x->millis, std::get<Amount>(b).millis);
  if (const auto* x = std::get_if<DeviceVersion>(&a))
    return CompareVersions(x->text, std::get<DeviceVersion>(b).text);
  return std::nullopt;
}

Value FromAttribute(const DeviceAttribute& attribute) {
  return std::visit(
      [](const auto& value) -> Value {
        if constexpr (std::is_same_v<std::decay_t<decltype(value)>, UnreadAttribute>) {
          return Unknown{};
        } else {
          return value;
        }
      },
      attribute);
}

// Patterns that stand in the expression, by their node.
using Patterns = std::map<const CelNode*, std::unique_ptr<RE2>>;

std::unique_ptr<RE2> MakePattern(const std::string& text) {
  RE2::Options quiet;
  quiet.set_log_errors(false);
  return std::make_unique<RE2>(text, quiet);
}

void FindPatterns(const CelNode& node, Patterns& patterns) {
  for (const auto& child : node.children) FindPatterns(*child, patterns);
  if (node.kind != CelNode::Kind::kCall || node.text != "matches") return;
  const CelNode& pattern = *node.children[1];
  if (pattern.kind == CelNode::Kind::kLiteral) patterns[&node] = MakePattern(pattern.text);
}

class Evaluation {
 public:
  Evaluation(const Device& device, const std::string& driver, const Patterns& patterns)
      : device_(device), driver_(driver), patterns_(patterns) {}

  Value Of(const CelNode& node) {
    switch (node.kind) {
      case CelNode::Kind::kLiteral:
        if (node.literal == CelNode::Literal::kText) return node.text;
        if (node.literal == CelNode::Literal::kTruth) return node.number != 0;
        return node.number;
      case CelNode::Kind::kName: {
        if (const auto at = names_.find(node.text); at != names_.end()) return at->second;
        return node.text == "device" ? Value(Map{}) : Value(Error{});
      }
      case CelNode::Kind::kField:
        return Look(Of(*node.children[0]), node.text);
      case CelNode::Kind::kIndex: {
        const Value key = Of(*node.children[1]);
        const auto* text = std::get_if<std::string>(&key);
        return text == nullptr ? Value(Error{}) : Look(Of(*node.children[0]), *text);
      }
      case CelNode::Kind::kHas: {
        const Value found = Of(*node.children[0]);
        return !std::holds_alternative<Error>(found);
      }
      case CelNode::Kind::kBind:
        names_[node.text] = Of(*node.children[0]);
        return Of(*node.children[1]);
      case CelNode::Kind::kNot: {
        const Value of = Of(*node.children[0]);
        const bool* truth = std::get_if<bool>(&of);
        return truth != nullptr ? Value(!*truth) : (IsUnknown(of) ? of : Value(Error{}));
      }
      case CelNode::Kind::kAnd:
        return Joined(node, false);
      case CelNode::Kind::kOr:
        return Joined(node, true);
      case CelNode::Kind::kCompare:
        return Compared(node);
      case CelNode::Kind::kCall:
        return Called(node);
      case CelNode::Kind::kList:
        break;
    }
    return Error{};
  }

 private:
  // One side that decides hides what is wrong with the other.
  Value Joined(const CelNode& node, bool deciding) {
    const Value left = Of(*node.children[0]);
    if (Is(left, deciding)) return deciding;
    const Value right = Of(*node.children[1]);
    if (Is(right, deciding)) return deciding;
    if (Is(left, !deciding) && Is(right, !deciding)) return !deciding;
    if (IsUnknown(left) || IsUnknown(right)) return Unknown{};
    return Error{};
  }

  Value Look(const Value& in, const std::string& key) {
    const Map* map = std::get_if<Map>(&in);
    if (map == nullptr) return IsUnknown(in) ? in : Value(Error{});
    if (map->of == Map::Of::kDevice) {
      if (key == "driver") return driver_;
      if (key == "attributes") return Map{Map::Of::kAttributes};
      if (key == "capacity") return Map{Map::Of::kCapacity};
      if (key == "allowMultipleAllocations") return device_.for_several;
      return Error{};
    }
    if (map->domain.empty()) return Map{map->of, key};
    const std::string name = absl::StrCat(map->domain, "/", key);
    if (map->of == Map::Of::kCapacity) {
      const auto at = device_.capacity.find(name);
      return at == device_.capacity.end() ? Value(Error{}) : Value(Amount{at->second});
    }
    const auto at = device_.attributes.find(name);
    return at == device_.attributes.end() ? Value(Error{}) : FromAttribute(at->second);
  }

  bool HasDomain(const Map& map, const std::string& domain) const {
    const std::string prefix = absl::StrCat(domain, "/");
    const auto in = [&](const auto& entries) {
      const auto at = entries.lower_bound(prefix);
      return at != entries.end() && absl::StartsWith(at->first, prefix);
    };
    return map.of == Map::Of::kCapacity ? in(device_.capacity) : in(device_.attributes);
  }

  Value IsIn(const Value& left, const CelNode& right) {
    if (right.kind == CelNode::Kind::kList) {
      bool unknown = IsUnknown(left);
      for (const auto& child : right.children) {
        const Value element = Of(*child);
        if (Order(left, element) == 0) return true;
        unknown |= IsUnknown(element);
      }
      return unknown ? Value(Unknown{}) : Value(false);
    }
    const Value in = Of(right);
    const auto* key = std::get_if<std::string>(&left);
    const auto* map = std::get_if<Map>(&in);
    if (IsUnknown(in)) return in;
    if (key == nullptr || map == nullptr || map->of == Map::Of::kDevice) return Error{};
    if (map->domain.empty()) return HasDomain(*map, *key);
    return !std::holds_alternative<Error>(Look(in, *key));
  }

  Value Compared(const CelNode& node) {
    const Value left = Of(*node.children[0]);
    if (node.text == "in") return IsIn(left, *node.children[1]);
    const Value right = Of(*node.children[1]);
    if (IsUnknown(left) || IsUnknown(right)) return Unknown{};
    const std::optional<int> order = Order(left, right);
    if (!order.has_value()) return Error{};
    if (node.text == "==") return *order == 0;
    if (node.text == "!=") return *order != 0;
    if (node.text == "<") return *order < 0;
    if (node.text == "<=") return *order <= 0;
    if (node.text == ">") return *order > 0;
    return *order >= 0;
  }

  Value Called(const CelNode& node) {
    std::vector<Value> values;
    for (const auto& child : node.children) values.push_back(Of(*child));
    if (std::any_of(values.begin(), values.end(), IsUnknown)) return Unknown{};
    const auto text = [&](size_t v) { return std::get_if<std::string>(&values[v]); };
    if (values.size() == 1) return CalledOnOne(node.text, values[0]);
    if (node.text == "compareTo" || node.text == "isGreaterThan" || node.text == "isLessThan") {
      const std::optional<int> order = Order(values[0], values[1]);
      if (!order.has_value()) return Error{};
      if (node.text == "compareTo") return int64_t{*order};
      return node.text == "isGreaterThan" ? *order > 0 : *order < 0;
    }
    if (text(0) == nullptr || text(1) == nullptr) return Error{};
    if (node.text == "startsWith") return absl::StartsWith(*text(0), *text(1));
    if (node.text == "endsWith") return absl::EndsWith(*text(0), *text(1));
    if (node.text == "contains") return absl::StrContains(*text(0), *text(1));
    const auto made = patterns_.find(&node);
    const std::unique_ptr<RE2> own = made == patterns_.end() ? MakePattern(*text(1)) : nullptr;
    const RE2& pattern = own == nullptr ? *made->second : *own;
    return pattern.ok() ? Value(RE2::PartialMatch(*text(0), pattern)) : Value(Error{});
  }

  static Value CalledOnOne(const std::string& function, const Value& value) {
    const auto* text = std::get_if<std::string>(&value);
    if (function == "string" && std::holds_alternative<int64_t>(value))
      return absl::StrCat(std::get<int64_t>(value));
    if (text == nullptr) return Error{};
    if (function == "semver") return DeviceVersion{*text};
    if (function == "size") return static_cast<int64_t>(text->size());
    if (function == "string") return value;
    if (function == "lowerAscii") return absl::AsciiStrToLower(*text);
    if (function == "upperAscii") return absl::AsciiStrToUpper(*text);
    const absl::StatusOr<int64_t> millis = ParseMillis(*text);
    return millis.ok() ? Value(Amount{*millis}) : Value(Error{});
  }

  const Device& device_;
  const std::string& driver_;
  const Patterns& patterns_;
  Names names_;
};

class CelPredicate : public DevicePredicate {
 public:
  explicit CelPredicate(std::unique_ptr<const CelNode> node) : node_(std::move(node)) {
    FindPatterns(*node_, patterns_);
  }

  Verdict Of(const Device& device, const std::string& driver) const override {
    const Value value = Evaluation(device, driver, patterns_).Of(*node_);
    return IsUnknown(value) ? Verdict::kUnknown : (Is(value, true) ? Verdict::kYes : Verdict::kNo);
  }

 private:
  const std::unique_ptr<const CelNode> node_;
  Patterns patterns_;
};

}  // namespace

DeviceSelector MakeDeviceSelector(absl::string_view text) {
  DeviceSelector selector{std::string(text), nullptr};
  if (auto node = ParseCel(text)) selector.predicate = std::make_shared<CelPredicate>(std::move(node));
  return selector;
}

}  // namespace muster
