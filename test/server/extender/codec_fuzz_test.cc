// SPDX-License-Identifier: Apache-2.0
#include <fstream>
#include <random>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "server/extender/codec.h"

namespace muster {
namespace {

constexpr int kBodiesPerFile = 8000;

std::string Wire(const std::string& name) {
  std::stringstream text;
  text << std::ifstream(absl::StrCat(MUSTER_TEST_DATA, "/wire/", name)).rdbuf();
  return text.str();
}

// A body with a few bytes or pieces changed, as seeded: a failure repeats.
std::string Mutated(std::string body, std::mt19937& random) {
  static const std::string tokens[] = {"null",
                                       "{}",
                                       "[]",
                                       "\"\"",
                                       "-1",
                                       "1e999",
                                       "true",
                                       "\\u0000",
                                       "\\ud800",
                                       "\xff",
                                       "{",
                                       "[",
                                       "]",
                                       "}",
                                       ",",
                                       "\"NodeNames\":",
                                       "99999999999999999999"};
  const auto below = [&random](size_t n) { return static_cast<size_t>(random() % n); };
  for (size_t changes = 1 + below(4); changes > 0 && !body.empty(); --changes) {
    const size_t at = below(body.size());
    const size_t length = std::min(body.size() - at, 1 + below(20));
    switch (below(5)) {
      case 0:
        body[at] = static_cast<char>(random());
        break;
      case 1:
        body.erase(at, length);
        break;
      case 2:
        body.insert(at, body.substr(below(body.size()), length));
        break;
      case 3:
        body.replace(at, length, tokens[below(std::size(tokens))]);
        break;
      default:
        body.resize(at);
    }
  }
  return body;
}

// Whatever comes in, what goes out is JSON that says yes or says why not.
void Answer(Decoder& decoder, const std::string& body) {
  std::vector<std::string> answers;
  const absl::StatusOr<NodesRequest> nodes = decoder.DecodeNodes(body);
  if (nodes.ok()) {
    answers.push_back(EncodeFilter(PassAll{}, nodes->candidates));
    answers.push_back(EncodeFilter(Refused{nodes->pod.name.text()}, nodes->candidates));
    answers.push_back(EncodeScores(nodes->candidates, std::vector<int64_t>(nodes->candidates.size(), 3)));
  } else {
    answers.push_back(EncodeFilterError(nodes.status().message()));
    EXPECT_FALSE(nodes.status().message().empty());
  }
  const absl::StatusOr<BindCall> bind = decoder.DecodeBind(body);
  answers.push_back(EncodeBind(bind.status()));
  const absl::StatusOr<PreemptRequest> preempt = decoder.DecodePreempt(body);
  answers.push_back(preempt.ok() ? EncodeOptions(preempt->options) : EncodeBind(preempt.status()));
  for (const std::string& answer : answers) {
    ASSERT_TRUE(nlohmann::json::accept(answer)) << answer << "\nto\n" << body;
  }
}

class CodecFuzzTest : public testing::TestWithParam<const char*> {};

TEST_P(CodecFuzzTest, NoMutatedBodyBreaksTheCodec) {
  const std::string original = Wire(GetParam());
  ASSERT_FALSE(original.empty());
  std::mt19937 random(7);
  Decoder decoder;
  for (int i = 0; i < kBodiesPerFile; ++i) {
    Answer(decoder, Mutated(original, random));
    if (HasFatalFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Codec, CodecFuzzTest,
                         testing::Values("filter.json", "bind.json", "preempt.json",
                                         "preempt_whole_pods.json"),
                         [](const auto& info) {
                           const std::string name = info.param;
                           return name.substr(0, name.find('.'));
                         });

}  // namespace
}  // namespace muster
