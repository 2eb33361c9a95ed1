// SPDX-License-Identifier: Apache-2.0
#include "scheduling/dra/cel.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"

namespace muster {
namespace {

using Tree = std::unique_ptr<CelNode>;

constexpr size_t kLongest = 10 << 10;  // of an expression that the API server takes
constexpr int kDeepest = 64;

Tree Make(CelNode::Kind kind, std::string text = "") {
  auto node = std::make_unique<CelNode>();
  node->kind = kind;
  node->text = std::move(text);
  return node;
}

Tree Literal(CelNode::Literal literal, std::string text, int64_t number) {
  Tree node = Make(CelNode::Kind::kLiteral, std::move(text));
  node->literal = literal;
  node->number = number;
  return node;
}

template <typename... Children>
Tree With(Tree node, Children... children) {
  (node->children.push_back(std::move(children)), ...);
  return node;
}

// By recursive descent; every function returns null where it does not understand.
class Parser {
 public:
  explicit Parser(absl::string_view text) : text_(text) {}

  Tree Whole() {
    Tree node = Or();
    Space();
    return at_ == text_.size() ? std::move(node) : nullptr;
  }

 private:
  void Space() {
    while (at_ < text_.size() && absl::ascii_isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
  }
  bool Ahead(absl::string_view token) {
    Space();
    return absl::StartsWith(text_.substr(at_), token);
  }
  bool Take(absl::string_view token) {
    if (!Ahead(token)) return false;
    at_ += token.size();
    return true;
  }
  static bool InName(char c) { return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_'; }
  std::string Name() {
    Space();
    size_t end = at_;
    while (end < text_.size() && InName(text_[end]) &&
           !(end == at_ && absl::ascii_isdigit(static_cast<unsigned char>(text_[end])))) {
      ++end;
    }
    std::string name(text_.substr(at_, end - at_));
    at_ = end;
    return name;
  }

  Tree Binary(CelNode::Kind kind, absl::string_view token, Tree (Parser::*part)()) {
    Tree left = (this->*part)();
    while (left != nullptr && Take(token)) {
      Tree right = (this->*part)();
      if (right == nullptr) return nullptr;
      left = With(Make(kind), std::move(left), std::move(right));
    }
    return left;
  }
  Tree Or() {
    if (++depth_ > kDeepest) return nullptr;
    Tree node = Binary(CelNode::Kind::kOr, "||", &Parser::And);
    --depth_;
    return node;
  }
  Tree And() { return Binary(CelNode::Kind::kAnd, "&&", &Parser::Comparison); }

  Tree Comparison() {
    Tree left = Unary();
    if (left == nullptr) return nullptr;
    constexpr std::array<absl::string_view, 6> kOperators = {"==", "!=", "<=", ">=", "<", ">"};
    for (const absl::string_view op : kOperators) {
      if (Take(op)) return Compared(std::move(left), std::string(op));
    }
    const size_t before = at_;
    if (Name() == "in") return Compared(std::move(left), "in");
    at_ = before;
    return left;
  }
  Tree Compared(Tree left, std::string op) {
    Tree right = Unary();
    if (right == nullptr) return nullptr;
    return With(Make(CelNode::Kind::kCompare, std::move(op)), std::move(left), std::move(right));
  }

  Tree Unary() {
    if (++depth_ > kDeepest) return nullptr;
    Tree node;
    if (!Ahead("!=") && Take("!")) {
      Tree of = Unary();
      node = of == nullptr ? nullptr : With(Make(CelNode::Kind::kNot), std::move(of));
    } else {
      node = Member();
    }
    --depth_;
    return node;
  }

  Tree Member() {
    Tree node = Primary();
    while (node != nullptr) {
      if (Take("[")) {
        Tree key = Or();
        if (key == nullptr || !Take("]")) return nullptr;
        node = With(Make(CelNode::Kind::kIndex), std::move(node), std::move(key));
      } else if (Take(".")) {
        node = Field(std::move(node));
      } else {
        break;
      }
    }
    return node;
  }

  Tree Field(Tree of) {
    std::string name = Name();
    if (name.empty()) return nullptr;
    if (!Take("(")) return With(Make(CelNode::Kind::kField, std::move(name)), std::move(of));
    if (of->kind == CelNode::Kind::kName && of->text == "cel" && name == "bind") return Bind();
    Tree call = With(Make(CelNode::Kind::kCall, std::move(name)), std::move(of));
    call->method = true;
    return Arguments(std::move(call));
  }

  Tree Bind() {
    std::string name = Name();
    if (name.empty() || !Take(",")) return nullptr;
    Tree bind = Make(CelNode::Kind::kBind, std::move(name));
    return Elements(*bind, ")") && bind->children.size() == 2 ? std::move(bind) : nullptr;
  }

  Tree Arguments(Tree call) {
    if (!Elements(*call, ")")) return nullptr;
    return KnownFunction(call->text, call->method, call->children.size()) ? std::move(call) : nullptr;
  }

  bool Elements(CelNode& into, absl::string_view end) {
    if (Take(end)) return true;
    do {
      Tree element = Or();
      if (element == nullptr) return false;
      into.children.push_back(std::move(element));
    } while (Take(","));
    return Take(end);
  }

  Tree Primary() {
    Space();
    if (at_ == text_.size()) return nullptr;
    const char c = text_[at_];
    if (Take("(")) {
      Tree node = Or();
      return node != nullptr && Take(")") ? std::move(node) : nullptr;
    }
    if (Take("[")) {
      Tree list = Make(CelNode::Kind::kList);
      return Elements(*list, "]") ? std::move(list) : nullptr;
    }
    if (c == '"' || c == '\'') return Text(c, /*raw=*/false);
    if ((c == 'r' || c == 'R') && at_ + 1 < text_.size() &&
        (text_[at_ + 1] == '"' || text_[at_ + 1] == '\'')) {
      ++at_;
      return Text(text_[at_], /*raw=*/true);
    }
    if (c == '-' || absl::ascii_isdigit(static_cast<unsigned char>(c))) return Number();
    std::string name = Name();
    if (name.empty()) return nullptr;
    if (name == "true" || name == "false")
      return Literal(CelNode::Literal::kTruth, "", name == "true" ? 1 : 0);
    if (!Take("(")) return Make(CelNode::Kind::kName, std::move(name));
    if (name == "has") {
      Tree has = Make(CelNode::Kind::kHas);
      const bool whole =
          Elements(*has, ")") && has->children.size() == 1 && has->children[0]->kind == CelNode::Kind::kField;
      return whole ? std::move(has) : nullptr;
    }
    return Arguments(Make(CelNode::Kind::kCall, std::move(name)));
  }

  Tree Number() {
    size_t end = at_ + (text_[at_] == '-' ? 1 : 0);
    while (end < text_.size() && InName(text_[end])) ++end;
    int64_t number = 0;
    // No fractions, no other bases, no unsigned numbers.
    if (end < text_.size() && text_[end] == '.') return nullptr;
    if (!absl::SimpleAtoi(text_.substr(at_, end - at_), &number)) return nullptr;
    at_ = end;
    return Literal(CelNode::Literal::kNumber, "", number);
  }

  Tree Text(char quote, bool raw) {
    std::string text;
    // Not the long form in three quotes.
    if (absl::StartsWith(text_.substr(at_), std::string(3, quote))) return nullptr;
    for (++at_; at_ < text_.size() && text_[at_] != quote; ++at_) {
      char c = text_[at_];
      if (c == '\\' && !raw) {
        if (++at_ == text_.size()) return nullptr;
        constexpr absl::string_view kEscaped = "\\\"'`?";
        constexpr absl::string_view kNamed = "abfnrtv";
        constexpr absl::string_view kMeant = "\a\b\f\n\r\t\v";
        c = text_[at_];
        if (const size_t named = kNamed.find(c); named != absl::string_view::npos) {
          c = kMeant[named];
        } else if (!absl::StrContains(kEscaped, c)) {
          return nullptr;
        }
      }
      text += c;
    }
    if (at_ == text_.size()) return nullptr;
    ++at_;
    return Literal(CelNode::Literal::kText, std::move(text), 0);
  }

  const absl::string_view text_;
  size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace

bool KnownFunction(absl::string_view name, bool method, size_t arguments) {
  struct Known {
    absl::string_view name;
    bool method;
    size_t arguments;
  };
  constexpr std::array<Known, 14> kKnown = {{{"quantity", false, 1},
                                             {"semver", false, 1},
                                             {"string", false, 1},
                                             {"size", false, 1},
                                             {"compareTo", true, 2},
                                             {"isGreaterThan", true, 2},
                                             {"isLessThan", true, 2},
                                             {"matches", true, 2},
                                             {"startsWith", true, 2},
                                             {"endsWith", true, 2},
                                             {"contains", true, 2},
                                             {"lowerAscii", true, 1},
                                             {"upperAscii", true, 1},
                                             {"matches", false, 2}}};
  return std::any_of(kKnown.begin(), kKnown.end(), [&](const Known& known) {
    return known.name == name && known.method == method && known.arguments == arguments;
  });
}

std::unique_ptr<const CelNode> ParseCel(absl::string_view text) {
  return text.size() > kLongest ? nullptr : Parser(text).Whole();
}

}  // namespace muster
