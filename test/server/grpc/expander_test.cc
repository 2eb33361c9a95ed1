// SPDX-License-Identifier: Apache-2.0
// grpcplugin.Expander over a socket, against bytes of Kubernetes messages.
#include <chrono>
#include <iostream>
#include <string>

#include "absl/strings/str_cat.h"
#include "autoscaler/expander.grpc.pb.h"
#include "gmock/gmock.h"
#include "grpcpp/create_channel.h"
#include "gtest/gtest.h"
#include "server/grpc/grpc_server.h"
#include "server/grpc/read_expansion.h"
#include "server/grpc/wire_reader.h"
#include "test/server/grpc/scripted_service.h"

namespace muster {
namespace {

using testing::HasSubstr;

// A field with a length, as protobuf writes it.
std::string Field(int number, const std::string& content) {
  std::string bytes(1, static_cast<char>(number << 3 | 2));
  size_t length = content.size();
  for (; length > 127; length >>= 7) bytes += static_cast<char>((length & 127) | 128);
  return bytes + static_cast<char>(length) + content;
}

std::string PodBytes(const std::string& name, size_t padding = 0) {
  return Field(1, Field(1, name) + Field(3, "default") + Field(5, "uid-" + name) +
                      Field(12, std::string(padding, 'x')));
}

std::string NodeBytes(const std::string& label, const std::string& value, const std::string& gpus) {
  const std::string gpu = Field(2, Field(1, "nvidia.com/gpu") + Field(2, Field(1, gpus)));
  return Field(1, Field(1, "template") + Field(11, Field(1, label) + Field(2, value))) +
         Field(2, Field(3, "aws:///i-1")) + Field(3, gpu);
}

// Each generation of Cluster Autoscaler writes other fields.
enum class Generation { kEmbedded, kBoth, kBytes };

grpcplugin::BestOptionsRequest RequestOf(Generation generation) {
  grpcplugin::BestOptionsRequest request;
  for (const char* id : {"a", "b"}) {
    grpcplugin::Option& option = *request.add_options();
    option.set_nodegroupid(id);
    option.set_nodecount(2);
    for (const char* pod : {"train-0", "train-1"}) {
      if (generation != Generation::kBytes) option.add_pod(PodBytes(pod));
      if (generation != Generation::kEmbedded) option.add_podbytes(PodBytes(pod));
    }
    const std::string node = NodeBytes("eks.amazonaws.com/capacityType", "SPOT", "8");
    if (generation != Generation::kBytes) (*request.mutable_nodemap())[id] = node;
    if (generation != Generation::kEmbedded) (*request.mutable_nodebytesmap())[id] = node;
  }
  return request;
}

class EveryGeneration : public testing::TestWithParam<Generation> {};

TEST_P(EveryGeneration, IsRead) {
  const auto expansion = ReadExpansion(RequestOf(GetParam()));
  ASSERT_TRUE(expansion.ok()) << expansion.status();
  ASSERT_EQ(expansion->options.size(), 2);
  ASSERT_EQ(expansion->pods.size(), 2);
  EXPECT_EQ(expansion->pods[1].name.text(), "default/train-1");
  EXPECT_EQ(expansion->pods[1].uid.text(), "uid-train-1");
  const ExpansionOption& option = expansion->options[1];
  EXPECT_EQ(option.id, "b");
  EXPECT_EQ(option.nodes, 2);
  EXPECT_EQ(option.pods, (std::vector<size_t>{0, 1}));
  EXPECT_EQ(option.sample.capacity, CapacityClass::kSpot);
  EXPECT_EQ(option.sample.provider_id, "aws:///i-1");
  EXPECT_EQ(option.sample.allocatable.Get("nvidia.com/gpu"), 8);
}

INSTANTIATE_TEST_SUITE_P(OfTheWire, EveryGeneration,
                         testing::Values(Generation::kEmbedded, Generation::kBoth, Generation::kBytes));

TEST(ReadExpansion, WhatCannotBeReadIsNamed) {
  const auto error = [](const std::function<void(grpcplugin::BestOptionsRequest&)>& change) {
    grpcplugin::BestOptionsRequest request = RequestOf(Generation::kBytes);
    change(request);
    return std::string(ReadExpansion(request).status().message());
  };
  EXPECT_THAT(error([](auto& r) { r.mutable_options(1)->mutable_podbytes(1)->pop_back(); }),
              HasSubstr("options[1] of node group \"b\": pod 1 can't be read as a v1.Pod"));
  EXPECT_THAT(
      error([](auto& r) { *r.mutable_options(0)->mutable_podbytes(0) = Field(1, Field(3, "default")); }),
      HasSubstr("options[0] of node group \"a\": pod 0 has no name"));
  EXPECT_THAT(error([](auto& r) { (*r.mutable_nodebytesmap())["b"].pop_back(); }),
              HasSubstr("its node can't be read as a v1.Node"));
  EXPECT_THAT(error([](auto& r) { r.mutable_options(0)->set_nodegroupid(""); }),
              HasSubstr("nodeGroupId is empty"));
  EXPECT_THAT(error([](auto& r) { r.mutable_options(0)->set_nodecount(-3); }),
              HasSubstr("nodeCount is -3, negative"));
}

TEST(ReadExpansion, AGroupWithoutANodeIsFine) {
  grpcplugin::BestOptionsRequest request = RequestOf(Generation::kBytes);
  request.clear_nodebytesmap();
  EXPECT_TRUE(ReadExpansion(request).ok());
}

TEST(WireReader, EndsOnEveryPrefixOfAMessage) {
  const std::string whole = PodBytes("train-0", 300) + NodeBytes("a", "b", "8") +
                            std::string("\x08\x96\x01\x1d\x01\x02\x03\x04", 8);
  for (size_t length = 0; length <= whole.size(); ++length) {
    WireReader reader(absl::string_view(whole).substr(0, length));
    while (reader.Next()) {
    }
  }
  WireReader reader(whole);
  while (reader.Next()) {
  }
  EXPECT_TRUE(reader.ok());
}

TEST(WireReader, RefusesWhatIsNoMessage) {
  for (const std::string& bytes :
       {std::string("\x00", 1), std::string("\x0b"), std::string("\x0a\xff\xff\xff\xff\x7f"),
        std::string(11, '\xff'), std::string("\x09\x01")}) {
    WireReader reader(bytes);
    while (reader.Next()) {
    }
    EXPECT_FALSE(reader.ok());
  }
}

// Keeps the last expansion, and chooses the last option.
class Chooser : public ScriptedService {
 public:
  ExpanderChoice Expand(const Expansion& expansion) override {
    pods = expansion.pods.size();
    return {{expansion.options.size() - 1}, ""};
  }
  size_t pods = 0;
};

class ExpanderServer : public testing::Test {
 protected:
  ExpanderServer() {
    GrpcOptions options;
    options.address = "127.0.0.1:0";
    server_ = std::make_unique<GrpcServer>(
        service_, [](absl::Span<const std::string>) { return absl::StatusOr<ClusterView>(ClusterView()); },
        options);
    EXPECT_TRUE(server_->Start().ok());
    grpc::ChannelArguments arguments;
    arguments.SetMaxSendMessageSize(-1);
    stub_ = grpcplugin::Expander::NewStub(grpc::CreateCustomChannel(
        absl::StrCat("127.0.0.1:", server_->port()), grpc::InsecureChannelCredentials(), arguments));
  }

  grpc::Status Call(const grpcplugin::BestOptionsRequest& request) {
    grpc::ClientContext context;
    return stub_->BestOptions(&context, request, &response_);
  }

  Chooser service_;
  std::unique_ptr<GrpcServer> server_;
  std::unique_ptr<grpcplugin::Expander::Stub> stub_;
  grpcplugin::BestOptionsResponse response_;
};

TEST_F(ExpanderServer, AnswersTheGroupAndNothingElse) {
  ASSERT_TRUE(Call(RequestOf(Generation::kBoth)).ok());
  ASSERT_EQ(response_.options_size(), 1);
  EXPECT_EQ(response_.options(0).nodegroupid(), "b");
  EXPECT_EQ(response_.options(0).podbytes_size(), 0);
}

TEST_F(ExpanderServer, ACallThatCannotBeReadFailsSoThatTheNextExpanderDecides) {
  grpcplugin::BestOptionsRequest request = RequestOf(Generation::kBytes);
  *request.mutable_options(0)->mutable_podbytes(0) = "\xff\xff";
  EXPECT_EQ(Call(request).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(ExpanderServer, FailsWhileNothingIsDecidedHere) {
  service_.ready = false;
  EXPECT_EQ(Call(RequestOf(Generation::kBytes)).error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(ExpanderServer, AHundredMegabytesAreTaken) {
  grpcplugin::BestOptionsRequest request = RequestOf(Generation::kBytes);
  for (int i = 0; i < 100; ++i)
    request.mutable_options(0)->add_podbytes(PodBytes(absl::StrCat("p", i), 1 << 20));
  ASSERT_TRUE(Call(request).ok());
  EXPECT_EQ(service_.pods, 102);
}

TEST_F(ExpanderServer, AThousandOptionsOfAThousandPodsAreAnsweredInTime) {
  grpcplugin::BestOptionsRequest request;
  std::vector<std::string> pods;
  for (int p = 0; p < 1000; ++p) pods.push_back(PodBytes(absl::StrCat("pod-", p)));
  for (int o = 0; o < 1000; ++o) {
    grpcplugin::Option& option = *request.add_options();
    option.set_nodegroupid(absl::StrCat("group-", o));
    option.set_nodecount(100);
    for (const std::string& pod : pods) option.add_podbytes(pod);
  }
  const auto begin = std::chrono::steady_clock::now();
  ASSERT_TRUE(Call(request).ok());
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  std::cout << "1,000 options x 1,000 pods, " << (request.ByteSizeLong() >> 20) << " MiB: " << took.count()
            << " s\n";
  EXPECT_EQ(service_.pods, 1000);
}

}  // namespace
}  // namespace muster
