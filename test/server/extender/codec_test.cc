// SPDX-License-Identifier: Apache-2.0
#include "server/extender/codec.h"

#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace muster {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string Wire(const std::string& name) {
  std::ifstream file(absl::StrCat(MUSTER_TEST_DATA, "/wire/", name));
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_TRUE(file) << name;
  return text.str();
}

std::string Repeat(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

TEST(CodecTest, AFilterCallGivesThePodAndItsCandidates) {
  Decoder decoder;
  const absl::StatusOr<NodesRequest> request = decoder.DecodeNodes(Wire("filter.json"));
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_EQ(request->pod.name, PodName("default", "train-0"));
  EXPECT_EQ(request->pod.uid, PodUid("5b1f0a3e-6f0e-4a4e-9a1c-7f6d1c2b3a40"));
  EXPECT_EQ(request->pod.shape.requests.Get("nvidia.com/gpu"), 8);
  ASSERT_TRUE(request->pod.membership.has_value());
  EXPECT_EQ(request->pod.membership->gang, GangId("default", "train"));
  EXPECT_THAT(request->candidates, ElementsAre("node-a", "node-b", "node-c"));
}

TEST(CodecTest, CandidatesOutliveLaterCalls) {
  Decoder decoder;
  const absl::StatusOr<NodesRequest> first = decoder.DecodeNodes(Wire("filter.json"));
  const absl::StatusOr<NodesRequest> second =
      decoder.DecodeNodes(R"({"Pod":{"metadata":{"name":"p"}},"NodeNames":["other-x"]})");
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_THAT(first->candidates, ElementsAre("node-a", "node-b", "node-c"));
  EXPECT_THAT(second->candidates, ElementsAre("other-x"));
}

TEST(CodecTest, NoCandidatesAreFine) {
  const absl::StatusOr<NodesRequest> request = Decoder().DecodeNodes(Wire("filter_no_candidates.json"));
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_TRUE(request->candidates.empty());
}

TEST(CodecTest, ABindCallIsRead) {
  const absl::StatusOr<BindCall> call = Decoder().DecodeBind(Wire("bind.json"));
  ASSERT_TRUE(call.ok()) << call.status();
  EXPECT_EQ(call->pod, PodName("default", "train-0"));
  EXPECT_EQ(call->uid, PodUid("5b1f0a3e-6f0e-4a4e-9a1c-7f6d1c2b3a40"));
  EXPECT_EQ(call->node, NodeName("node-b"));
}

TEST(CodecTest, BothFormsOfAPreemptCallGiveTheSameOptions) {
  for (const char* name : {"preempt.json", "preempt_whole_pods.json"}) {
    const absl::StatusOr<PreemptRequest> request = Decoder().DecodePreempt(Wire(name));
    ASSERT_TRUE(request.ok()) << request.status();
    ASSERT_EQ(request->options.size(), 2u);
    EXPECT_EQ(request->options[0].node, NodeName("node-a"));
    EXPECT_THAT(request->options[0].victims, ElementsAre(PodUid("v1"), PodUid("v2")));
    EXPECT_EQ(request->options[0].pdb_violations, 1);
    EXPECT_EQ(request->options[1].node, NodeName("node-b"));
    EXPECT_THAT(request->options[1].victims, ElementsAre(PodUid("v3")));
    EXPECT_EQ(
        EncodeOptions(request->options),
        R"({"NodeNameToMetaVictims":{"node-a":{"Pods":[{"UID":"v1"},{"UID":"v2"}],"NumPDBViolations":1},)"
        R"("node-b":{"Pods":[{"UID":"v3"}],"NumPDBViolations":0}}})");
  }
}

struct BadBody {
  const char* name;
  std::string body;
  const char* message;
};
void PrintTo(const BadBody& c, std::ostream* out) { *out << c.name; }

class BadNodesTest : public testing::TestWithParam<BadBody> {};

TEST_P(BadNodesTest, IsRefusedByField) {
  const absl::StatusOr<NodesRequest> request = Decoder().DecodeNodes(GetParam().body);
  ASSERT_EQ(request.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(request.status().message()), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    Codec, BadNodesTest,
    testing::ValuesIn(std::vector<BadBody>{
        {"Empty", "", "body: Empty"},
        {"Blank", "  \n", "body: Empty"},
        {"Truncated", R"({"Pod":{"metadata":{"name":"p"}},"NodeNames":["a",)", "body: "},
        {"Trailing", R"({"Pod":{"metadata":{"name":"p"}},"NodeNames":["a"]} x)", "body: "},
        {"NotUtf8", "{\"Pod\":{\"metadata\":{\"name\":\"p\xff\"}},\"NodeNames\":[]}",
         "body: The input is not valid UTF-8"},
        {"Control", std::string("{\"Pod\":{\"metadata\":{\"name\":\"p\0\"}}}", 33), "body: "},
        {"Array", "[]", "body: want an object, got an array"},
        {"Null", "null", "body: want an object, got null"},
        {"NoPod", R"({"NodeNames":[]})", "Pod: want an object, got null"},
        {"NullPod", R"({"Pod":null,"NodeNames":[]})", "Pod: want an object, got null"},
        {"TextPod", R"({"Pod":"p","NodeNames":[]})", "Pod: "},
        {"NamelessPod", R"({"Pod":{"metadata":{}},"NodeNames":[]})", "Pod: "},
        {"NullNames", R"({"Pod":{"metadata":{"name":"p"}},"Nodes":null,"NodeNames":null})",
         "NodeNames: want an array, got null; set nodeCacheCapable: true"},
        {"WholeNodes", Wire("filter_whole_nodes.json"),
         "Nodes: whole nodes were sent instead of their names; set nodeCacheCapable: true"},
        {"TextNames", R"({"Pod":{"metadata":{"name":"p"}},"NodeNames":"a"})",
         "NodeNames: want an array, got a string"},
        {"NumberNames", R"({"Pod":{"metadata":{"name":"p"}},"NodeNames":["a",1]})",
         "NodeNames: want strings, got a number"},
        {"DeepPod", R"({"NodeNames":[],"Pod":)" + Repeat("[", 200) + Repeat("]", 200) + "}",
         "Pod: nested deeper than 64"},
        {"DeepElsewhere", R"({"X":)" + Repeat("[", 100000) + Repeat("]", 100000) + "}", "body: "},
        {"DeepAndOpen", R"({"Pod":)" + Repeat("{\"a\":", 100000), "body: "},
    }),
    [](const auto& info) { return info.param.name; });

class BadBindTest : public testing::TestWithParam<BadBody> {};

TEST_P(BadBindTest, IsRefusedByField) {
  const absl::StatusOr<BindCall> call = Decoder().DecodeBind(GetParam().body);
  EXPECT_EQ(call.status(), absl::InvalidArgumentError(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    Codec, BadBindTest,
    testing::ValuesIn(std::vector<BadBody>{
        {"NoName", R"({"PodNamespace":"n","PodUID":"u","Node":"x"})", "PodName: want a string, got null"},
        {"NoNamespace", R"({"PodName":"p","PodUID":"u","Node":"x"})",
         "PodNamespace: want a string, got null"},
        {"EmptyUid", R"({"PodName":"p","PodNamespace":"n","PodUID":"","Node":"x"})", "PodUID: is empty"},
        {"NumberNode", R"({"PodName":"p","PodNamespace":"n","PodUID":"u","Node":7})",
         "Node: want a string, got a number"},
    }),
    [](const auto& info) { return info.param.name; });

class BadPreemptTest : public testing::TestWithParam<BadBody> {};

TEST_P(BadPreemptTest, IsRefusedByField) {
  const absl::StatusOr<PreemptRequest> request = Decoder().DecodePreempt(GetParam().body);
  EXPECT_EQ(request.status(), absl::InvalidArgumentError(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    Codec, BadPreemptTest,
    testing::ValuesIn(std::vector<BadBody>{
        {"NoMaps", R"({"Pod":{"metadata":{"name":"p"}}})", "NodeNameToMetaVictims: want an object, got null"},
        {"ListOfNodes", R"({"Pod":{"metadata":{"name":"p"}},"NodeNameToMetaVictims":[]})",
         "NodeNameToMetaVictims: want an object, got an array"},
        {"TextVictims", R"({"Pod":{"metadata":{"name":"p"}},"NodeNameToMetaVictims":{"a":"v"}})",
         "NodeNameToMetaVictims.a: want an object, got a string"},
        {"TextPods", R"({"Pod":{"metadata":{"name":"p"}},"NodeNameToMetaVictims":{"a":{"Pods":"v"}}})",
         "NodeNameToMetaVictims.a: Pods: want an array, got a string"},
        {"NoUid", R"({"Pod":{"metadata":{"name":"p"}},"NodeNameToMetaVictims":{"a":{"Pods":[{}]}}})",
         "NodeNameToMetaVictims.a: Pods: UID: want a string, got null"},
        {"NullVictim", R"({"Pod":{"metadata":{"name":"p"}},"NodeNameToMetaVictims":{"a":{"Pods":[null]}}})",
         "NodeNameToMetaVictims.a: Pods: want an object, got null"},
        {"NoMetadata", R"({"Pod":{"metadata":{"name":"p"}},"NodeNameToVictims":{"a":{"Pods":[{}]}}})",
         "NodeNameToVictims.a: Pods: metadata: want an object, got null"},
        {"FractionCount",
         R"({"Pod":{"metadata":{"name":"p"}},"NodeNameToMetaVictims":{"a":{"NumPDBViolations":1.5}}})",
         "NodeNameToMetaVictims.a: NumPDBViolations: want a whole number, got a number"},
    }),
    [](const auto& info) { return info.param.name; });

TEST(CodecTest, OfAFieldThatIsThereTwiceTheLastCounts) {
  const absl::StatusOr<NodesRequest> request =
      Decoder().DecodeNodes(R"({"Pod":{"metadata":{"name":"p"}},"NodeNames":["a"],"NodeNames":["b"]})");
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_THAT(request->candidates, ElementsAre("b"));
}

TEST(CodecTest, EscapedNamesAreUnderstoodAndWrittenEscaped) {
  const absl::StatusOr<NodesRequest> request = Decoder().DecodeNodes(
      R"({"Pod":{"metadata":{"name":"p"}},"NodeNames":["quote\"back\\slash","tab\tline\nbell\u0007","\u00e9\ud83d\ude00"]})");
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_THAT(request->candidates, ElementsAre("quote\"back\\slash", "tab\tline\nbell\a", "é😀"));
  EXPECT_EQ(EncodeFilter(PassAll{}, request->candidates),
            R"({"NodeNames":["quote\"back\\slash","tab\u0009line\u000abell\u0007","é😀"],)"
            R"("FailedNodes":{},"FailedAndUnresolvableNodes":{},"Error":""})");
}

TEST(CodecTest, EveryByteIsEscapedAtEveryPlace) {
  for (int byte = 0; byte < 0x80; ++byte) {
    for (size_t at = 0; at < 20; ++at) {
      std::string name(20, 'x');
      name[at] = static_cast<char>(byte);
      EXPECT_EQ(nlohmann::json::parse(EncodeBind(absl::AbortedError(name))).at("Error"), name)
          << byte << " " << at;
    }
  }
}

TEST(CodecTest, FilterAnswersAreWrittenByteForByte) {
  const std::vector<absl::string_view> candidates = {"a", "b", "c"};
  EXPECT_EQ(EncodeFilter(PassAll{}, candidates),
            R"({"NodeNames":["a","b","c"],"FailedNodes":{},"FailedAndUnresolvableNodes":{},"Error":""})");
  EXPECT_EQ(EncodeFilter(PassAll{{"a", "c"}}, candidates),
            R"({"NodeNames":["b"],"FailedNodes":{},"FailedAndUnresolvableNodes":{},"Error":""})");
  EXPECT_EQ(EncodeFilter(PassOne{NodeName("b")}, candidates),
            R"({"NodeNames":["b"],"FailedNodes":{},"FailedAndUnresolvableNodes":{},"Error":""})");
  EXPECT_EQ(
      EncodeFilter(Refused{"gang \"x\": 7 of 8 fit"}, candidates),
      R"({"NodeNames":[],"FailedNodes":{},"FailedAndUnresolvableNodes":{"a":"gang \"x\": 7 of 8 fit"},"Error":""})");
  EXPECT_EQ(EncodeFilter(Refused{"no"}, {}),
            R"({"NodeNames":[],"FailedNodes":{},"FailedAndUnresolvableNodes":{},"Error":""})");
  EXPECT_EQ(EncodeFilterError("not ready"),
            R"({"NodeNames":[],"FailedNodes":{},"FailedAndUnresolvableNodes":{},"Error":"not ready"})");
}

TEST(CodecTest, ANodeThatWasNotAskedAboutIsNeverAnswered) {
  EXPECT_EQ(EncodeFilter(PassOne{NodeName("z")}, {"a", "b"}),
            R"({"NodeNames":[],"FailedNodes":{},"FailedAndUnresolvableNodes":{},)"
            R"("Error":"internal: the seat's node z is not among the candidates"})");
}

TEST(CodecTest, OtherAnswersAreWrittenByteForByte) {
  EXPECT_EQ(EncodeScores({"a", "b"}, {0, 10}), R"([{"Host":"a","Score":0},{"Host":"b","Score":10}])");
  EXPECT_EQ(EncodeScores({}, {}), "[]");
  EXPECT_EQ(EncodeBind(absl::OkStatus()), R"({"Error":""})");
  EXPECT_EQ(EncodeBind(absl::AbortedError("pod default/p is gone")), R"({"Error":"pod default/p is gone"})");
  EXPECT_EQ(EncodeBind(absl::AbortedError("")), R"({"Error":"ABORTED: "})");
  EXPECT_EQ(EncodeOptions({}), R"({"NodeNameToMetaVictims":{}})");
  EXPECT_EQ(EncodeOptions({EvictionOption{NodeName("a"), {}, 3}}), R"({"NodeNameToMetaVictims":{}})");
}

}  // namespace
}  // namespace muster
