// SPDX-License-Identifier: Apache-2.0
#include "server/grpc/requests.h"

#include <functional>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/v1/placement.pb.h"
#include "server/grpc/convert.h"

namespace muster {
namespace {

using testing::HasSubstr;

v1::PodRef GoodPod() {
  v1::PodRef ref;
  ToProto(PodName("default", "train-0"), PodUid("u0"), ref);
  return ref;
}

std::string Manifest(const std::string& ns, const std::string& name, const std::string& uid) {
  return absl::StrCat(R"({"metadata":{"namespace":")", ns, R"(","name":")", name, R"(","uid":")", uid,
                      R"("},"spec":{"containers":[{"name":"main"}]}})");
}

struct BadPod {
  const char* description;
  std::function<void(v1::PodRef&, std::string& manifest)> spoil;
  const char* error;
};

class BadPodTest : public testing::TestWithParam<BadPod> {};

TEST_P(BadPodTest, IsRefusedWithTheNameOfTheField) {
  v1::PodRef ref = GoodPod();
  std::string manifest;
  GetParam().spoil(ref, manifest);
  const absl::Status status = ReadPod(ref, manifest).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr(GetParam().error));
}

INSTANTIATE_TEST_SUITE_P(
    Pods, BadPodTest,
    testing::Values(
        BadPod{"NoPodAtAll", [](auto& ref, auto&) { ref.Clear(); }, "pod.namespace is empty"},
        BadPod{"NoNamespace", [](auto& ref, auto&) { ref.clear_namespace_(); }, "pod.namespace is empty"},
        BadPod{"NoName", [](auto& ref, auto&) { ref.clear_name(); }, "pod.name is empty"},
        BadPod{"NoUid", [](auto& ref, auto&) { ref.clear_uid(); }, "pod.uid is empty"},
        BadPod{"SlashInNamespace", [](auto& ref, auto&) { ref.set_namespace_("a/b"); },
               "pod.namespace \"a/b\" has a slash"},
        BadPod{"SlashInName", [](auto& ref, auto&) { ref.set_name("/x"); }, "pod.name \"/x\" has a slash"},
        BadPod{"NameTooLong", [](auto& ref, auto&) { ref.set_name(std::string(254, 'x')); },
               "pod.name has 254 bytes, at most 253"},
        BadPod{"ManifestThatIsNoJson", [](auto&, auto& manifest) { manifest = "kind: Pod"; },
               "manifest is not JSON"},
        BadPod{"ManifestCutOff", [](auto&, auto& manifest) { manifest = R"({"metadata":)"; },
               "manifest is not JSON"},
        BadPod{"ManifestThatIsNoUtf8", [](auto&, auto& manifest) { manifest = "{\"a\":\"\xff\"}"; },
               "manifest is not JSON"},
        BadPod{"ManifestOfALongNest", [](auto&, auto& manifest) { manifest = std::string(1 << 20, '['); },
               "manifest is not JSON"},
        BadPod{"ManifestThatIsNoObject", [](auto&, auto& manifest) { manifest = "[1]"; }, "manifest: "},
        BadPod{"ManifestOfWrongTypes", [](auto&, auto& manifest) { manifest = R"({"metadata":7})"; },
               "manifest: "},
        BadPod{"ManifestTooLarge", [](auto&, auto& manifest) { manifest.assign((3 << 20) + 1, ' '); },
               "manifest has 3145729 bytes"},
        BadPod{"ManifestOfAnotherPod",
               [](auto&, auto& manifest) { manifest = Manifest("default", "train-1", "u0"); },
               "manifest is of pod default/train-1"},
        BadPod{"ManifestOfAnotherLife",
               [](auto&, auto& manifest) { manifest = Manifest("default", "train-0", "u1"); },
               "manifest is of pod default/train-0 with uid \"u1\""}),
    [](const auto& param) { return param.param.description; });

TEST(RequestsTest, APodWithoutManifestHasItsNamesAndNothingElse) {
  const Pod pod = ReadPod(GoodPod(), "").value();
  EXPECT_EQ(pod.name.text(), "default/train-0");
  EXPECT_EQ(pod.uid.text(), "u0");
  EXPECT_EQ(pod.membership, std::nullopt);
}

TEST(RequestsTest, AManifestOfTheSamePodIsRead) {
  const absl::StatusOr<Pod> pod = ReadPod(GoodPod(), Manifest("default", "train-0", "u0"));
  ASSERT_TRUE(pod.ok()) << pod.status();
  EXPECT_EQ(pod->shape.requests.pods, 1);
}

TEST(RequestsTest, AManifestNestedBeyondReasonIsRefusedOrReadButDoesNotCrash) {
  const int depth = 1 << 20;
  const std::string nest = absl::StrCat(std::string(depth, '['), std::string(depth, ']'));
  EXPECT_EQ(ReadPod(GoodPod(), nest).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(RequestsTest, FifteenThousandCandidatesAreFine) {
  google::protobuf::RepeatedPtrField<std::string> names;
  for (int i = 0; i < 15000; ++i) names.Add(absl::StrCat("node-", i));
  const auto candidates = ReadCandidates(names);
  ASSERT_TRUE(candidates.ok());
  EXPECT_EQ(candidates->size(), 15000u);
  EXPECT_EQ(candidates->back(), "node-14999");
}

TEST(RequestsTest, NoCandidatesAreFine) { EXPECT_TRUE(ReadCandidates({}).ok()); }

TEST(RequestsTest, ABadCandidateIsNamedByItsIndex) {
  for (const auto& [bad, error] : {std::pair<std::string, std::string>{"", "candidates[2] is empty"},
                                   {"a/b", "candidates[2] \"a/b\" has a slash"}}) {
    google::protobuf::RepeatedPtrField<std::string> names;
    names.Add("node-a");
    names.Add("node-b");
    names.Add(std::string(bad));
    const absl::Status status = ReadCandidates(names).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(status.message()), HasSubstr(error));
  }
}

TEST(RequestsTest, TooManyCandidatesAreRefused) {
  google::protobuf::RepeatedPtrField<std::string> names;
  for (int i = 0; i <= 100000; ++i) names.Add("n");
  const absl::Status status = ReadCandidates(names).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("candidates has 100001 names"));
}

TEST(RequestsTest, ABindNeedsAPodWithItsUidAndANode) {
  v1::BindRequest request;
  *request.mutable_pod() = GoodPod();
  request.set_node("node-a");
  EXPECT_TRUE(ReadBind(request).ok());
  request.clear_node();
  EXPECT_EQ(ReadBind(request).status().message(), "node is empty");
  request.set_node("node-a");
  request.mutable_pod()->clear_uid();
  EXPECT_EQ(ReadBind(request).status().message(), "pod.uid is empty");
  request.clear_pod();
  EXPECT_EQ(ReadBind(request).status().message(), "pod.namespace is empty");
}

TEST(RequestsTest, AnEvictionOptionNeedsANodeAndNamedVictims) {
  google::protobuf::RepeatedPtrField<v1::EvictionOption> options;
  options.Add()->set_node("node-a");
  v1::EvictionOption& second = *options.Add();
  EXPECT_EQ(ReadOptions(options).status().message(), "options[1].node is empty");
  second.set_node("node-b");
  EXPECT_TRUE(ReadOptions(options).ok());
  second.add_victim_uids("v0");
  second.add_victim_uids("");
  EXPECT_EQ(ReadOptions(options).status().message(), "options[1].victim_uids[1] is empty");
}

TEST(RequestsTest, AGangIsNamedByNamespaceAndName) {
  v1::GangRef ref;
  ref.set_namespace_("default");
  EXPECT_EQ(ReadGangId(ref).status().message(), "gang.name is empty");
  ref.set_name("train");
  EXPECT_EQ(ReadGangId(ref)->text(), "default/train");
}

}  // namespace
}  // namespace muster
