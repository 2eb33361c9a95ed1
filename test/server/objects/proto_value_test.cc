// SPDX-License-Identifier: Apache-2.0
// Objects in protobuf are decoded as the same objects in JSON are: of random
// pods, nodes and namespaces, with fields that are missing, empty and wrong.
#include "server/objects/proto_value.h"

#include <map>
#include <random>
#include <string>
#include <vector>

#include "google/protobuf/descriptor.h"
#include "gtest/gtest.h"
#include "kubernetes/objects.pb.h"
#include "nlohmann/json.hpp"
#include "server/objects/json_text.h"
#include "server/objects/objects.h"
#include "test/support/proto_json.h"

namespace muster {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// Texts that mean something, by the field that they are in; others come from all of them.
const std::map<std::string, std::vector<std::string>>& Words() {
  static const auto& words = *new std::map<std::string, std::vector<std::string>>{
      {"operator", {"In", "NotIn", "Exists", "Gt", "Equal", "Roughly"}},
      {"effect", {"NoSchedule", "NoExecute", "PreferNoSchedule", "Someday"}},
      {"phase", {"Pending", "Running", "Succeeded", "Failed"}},
      {"status", {"True", "False"}},
      {"type", {"Ready", "PodResizePending", "DiskPressure"}},
      {"reason", {"NodeAffinity", "OutOfcpu", "Infeasible", "Evicted"}},
      {"restartPolicy", {"Always", "Never"}},
      {"topologyKey", {"kubernetes.io/hostname", "zone"}},
      {"whenUnsatisfiable", {"DoNotSchedule", "ScheduleAnyway"}},
      {"protocol", {"TCP", "UDP"}},
      {"preemptionPolicy", {"Never", "PreemptLowerPriority"}},
  };
  return words;
}

const std::vector<std::string> kNames = {"a",
                                         "main",
                                         "muster.dev/gang",
                                         "muster.dev/gang-size",
                                         "muster.dev/capacity",
                                         "nvidia.com/gpu.product",
                                         "pod-template-hash",
                                         "karpenter.sh/capacity-type",
                                         "node.kubernetes.io/not-ready"};
const std::vector<std::string> kTexts = {
    "", "\xff", "\xe2\x82", "a", "main", "4", "spot", "NVIDIA-H100-80GB-HBM3", "x"};
const std::vector<std::string> kResources = {"cpu", "memory", "nvidia.com/gpu", "nvidia.com/mig-1g.10gb",
                                             "pods"};
const std::vector<std::string> kAmounts = {"0", "1", "500m", "8", "1Gi", "-2", "lots", ""};

class Filler {
 public:
  explicit Filler(uint32_t seed) : random_(seed) {}

  // REQUIRES: `message` is empty.
  void Fill(Message& message, int depth = 0) {
    const auto& kind = *message.GetDescriptor();
    for (int i = 0; i < kind.field_count(); ++i) {
      // Whole objects seldom, their parts often.
      if (depth > 6 || (depth > 0 && Below(3) == 0)) continue;
      const FieldDescriptor* field = kind.field(i);
      field->is_repeated() ? FillList(message, field, depth) : FillSingle(message, field, depth);
    }
  }

 private:
  uint32_t Below(uint32_t bound) { return static_cast<uint32_t>(random_()) % bound; }
  const std::string& OneOf(const std::vector<std::string>& texts) {
    return texts[Below(static_cast<uint32_t>(texts.size()))];
  }
  std::string TextFor(const FieldDescriptor* field) {
    const auto words = Words().find(field->name());
    return words != Words().end() && Below(8) != 0 ? OneOf(words->second) : OneOf(kTexts);
  }

  // An API server writes maps with their keys in order.
  template <typename Add>
  void FillMap(const std::vector<std::string>& keys, Add add) {
    std::map<std::string, bool> chosen;
    for (uint32_t n = Below(4); n > 0; --n) chosen[OneOf(keys)] = true;
    for (const auto& [key, yes] : chosen) add(key);
  }

  void FillList(Message& message, const FieldDescriptor* field, int depth) {
    const Reflection& reflection = *message.GetReflection();
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
      for (uint32_t n = Below(3); n > 0; --n) reflection.AddString(&message, field, TextFor(field));
    } else if (field->message_type() == kubernetes::TextEntry::descriptor()) {
      FillMap(kNames, [&](const std::string& key) {
        auto& entry = static_cast<kubernetes::TextEntry&>(*reflection.AddMessage(&message, field));
        entry.set_key(key);
        entry.set_value(OneOf(kTexts));
      });
    } else if (field->message_type() == kubernetes::QuantityEntry::descriptor()) {
      FillMap(kResources, [&](const std::string& key) {
        auto& entry = static_cast<kubernetes::QuantityEntry&>(*reflection.AddMessage(&message, field));
        entry.set_key(key);
        entry.mutable_value()->set_string(Below(6) == 0 ? OneOf(kAmounts) : "2");
      });
    } else {
      for (uint32_t n = Below(3); n > 0; --n) Fill(*reflection.AddMessage(&message, field), depth + 1);
    }
  }

  void FillSingle(Message& message, const FieldDescriptor* field, int depth) {
    const Reflection& reflection = *message.GetReflection();
    switch (field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING:
        return reflection.SetString(&message, field, TextFor(field));
      case FieldDescriptor::CPPTYPE_BOOL:
        return reflection.SetBool(&message, field, Below(2) == 0);
      case FieldDescriptor::CPPTYPE_INT32:
        return reflection.SetInt32(&message, field, static_cast<int>(Below(5)) - 1);
      case FieldDescriptor::CPPTYPE_INT64:
        return reflection.SetInt64(&message, field, 1'700'000'000 + Below(1000));
      default:
        return Fill(*reflection.MutableMessage(&message, field), depth + 1);
    }
  }

  std::mt19937 random_;
};

template <typename T>
void ExpectTheSame(const absl::StatusOr<T>& of_message, const absl::StatusOr<T>& of_json, int seed) {
  ASSERT_EQ(of_message.status(), of_json.status()) << seed;
  if (of_json.ok()) {
    EXPECT_TRUE(*of_message == *of_json) << seed;
  }
}

constexpr int kSeeds = 3000;

// As an API server writes it in JSON.
nlohmann::json AsJson(const Message& message) {
  return nlohmann::json::parse(JsonText(test::ToJson(message)));
}

TEST(ProtoValue, RandomPodsAreDecodedAsTheirJsonIs) {
  int read = 0;
  int modelled = 0;
  for (int seed = 0; seed < kSeeds; ++seed) {
    kubernetes::Pod pod;
    Filler(static_cast<uint32_t>(seed)).Fill(pod);
    const nlohmann::json json = AsJson(pod);
    const absl::StatusOr<Pod> decoded = DecodePod(pod);
    ExpectTheSame(decoded, DecodePod(json), seed);
    EXPECT_TRUE(DecodePodAsUnknown(pod) == DecodePodAsUnknown(json)) << seed;
    read += decoded.ok();
    modelled += decoded.ok() && decoded->shape.unmodelled.empty();
  }
  // Neither all of them are refused, nor none.
  EXPECT_GT(read, kSeeds / 10);
  EXPECT_LT(read, kSeeds);
  EXPECT_GT(modelled, 0);
}

TEST(ProtoValue, RandomNodesAreDecodedAsTheirJsonIs) {
  int read = 0;
  for (int seed = 0; seed < kSeeds; ++seed) {
    kubernetes::Node node;
    Filler(static_cast<uint32_t>(seed)).Fill(node);
    const absl::StatusOr<Node> decoded = DecodeNode(node);
    ExpectTheSame(decoded, DecodeNode(AsJson(node)), seed);
    read += decoded.ok();
  }
  EXPECT_GT(read, kSeeds / 10);
  EXPECT_LT(read, kSeeds);
}

TEST(ProtoValue, RandomNamespacesAreDecodedAsTheirJsonIs) {
  for (int seed = 0; seed < 300; ++seed) {
    kubernetes::Namespace ns;
    Filler(static_cast<uint32_t>(seed)).Fill(ns);
    const auto decoded = DecodeNamespace(ns);
    const auto of_json = DecodeNamespace(AsJson(ns));
    ASSERT_EQ(decoded.status(), of_json.status()) << seed;
    if (decoded.ok()) {
      EXPECT_EQ(decoded->labels, of_json->labels) << seed;
    }
  }
}

// What an API server says of such a pod in JSON. Everything that is written later
// on is JSON, which has no way to say such bytes.
TEST(ProtoValue, BytesThatAreNoUtf8AreReplaced) {
  kubernetes::Pod pod;
  pod.mutable_metadata()->set_name("p");
  auto& annotation = *pod.mutable_metadata()->add_annotations();
  annotation.set_key("muster.dev/gang");
  annotation.set_value("\xffx");
  const absl::StatusOr<Pod> decoded = DecodePod(pod);
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  ASSERT_TRUE(decoded->membership.has_value());
  EXPECT_EQ(decoded->membership->gang.name(), "\xef\xbf\xbdx");
}

// A field that has another type than it is read as is absent, whatever the schema says.
TEST(ProtoValue, AFieldOfAnotherTypeReadsAsEmpty) {
  kubernetes::Pod pod;
  pod.mutable_metadata()->set_name("p");
  pod.mutable_metadata()->mutable_creationtimestamp()->set_seconds(0);
  const auto& metadata = pod.metadata();
  const FieldDescriptor* name = proto::SetField(metadata, "name");
  ASSERT_NE(name, nullptr);
  EXPECT_EQ(proto::TextIn(metadata, *name), "p");
  EXPECT_FALSE(proto::BoolIn(metadata, *name));
  EXPECT_EQ(proto::IntegerIn(metadata, *name, 7), 7);
  EXPECT_EQ(proto::MessageIn(metadata, *name), nullptr);
  EXPECT_EQ(proto::SetField(metadata, "nothing like it"), nullptr);
  EXPECT_EQ(proto::TextIn(metadata, *proto::SetField(metadata, "creationTimestamp")), "1970-01-01T00:00:00Z");
}

}  // namespace
}  // namespace muster
