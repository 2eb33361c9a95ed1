// SPDX-License-Identifier: Apache-2.0
#include "server/kube/wire.h"

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kubernetes/objects.pb.h"
#include "nlohmann/json.hpp"
#include "server/objects/objects.h"
#include "test/support/proto_json.h"

namespace muster::kube {
namespace {

using Json = nlohmann::json;
using testing::ElementsAre;

constexpr size_t kLongest = 1 << 20;

// As k8s.io/apimachinery writes it: its own marshaller, so by hand.
std::string Enveloped(const std::string& kind, const google::protobuf::Message& object) {
  kubernetes::Envelope envelope;
  envelope.mutable_typemeta()->set_apiversion("v1");
  envelope.mutable_typemeta()->set_kind(kind);
  envelope.set_raw(object.SerializeAsString());
  return std::string("k8s\0", 4) + envelope.SerializeAsString();
}

std::string Event(const std::string& type, const std::string& kind, const google::protobuf::Message& object) {
  kubernetes::WatchEvent event;
  event.set_type(type);
  event.mutable_object()->set_raw(Enveloped(kind, object));
  return event.SerializeAsString();
}

std::string WithLength(const std::string& frame) {
  std::string length;
  for (int shift = 24; shift >= 0; shift -= 8)
    length.push_back(static_cast<char>(frame.size() >> shift & 0xff));
  return length + frame;
}

kubernetes::Pod Named(const std::string& name) {
  kubernetes::Pod pod;
  pod.mutable_metadata()->set_name(name);
  pod.mutable_metadata()->set_namespace_("ml");
  return pod;
}

std::vector<std::string> Split(const std::vector<std::string>& pieces, size_t longest = kLongest) {
  FrameSplitter splitter;
  std::vector<std::string> frames;
  for (const std::string& piece : pieces) {
    if (!splitter.Add(piece, longest, [&](absl::string_view frame) {
          frames.emplace_back(frame);
          return true;
        })) {
      frames.push_back("too long");
      break;
    }
  }
  return frames;
}

TEST(FrameSplitter, FindsEveryFrameHoweverTheStreamIsCut) {
  std::mt19937 random(7);
  for (const bool text : {true, false}) {
    std::vector<std::string> frames;
    std::string stream;
    for (int i = 0; i < 40; ++i) {
      // Zeros, line ends and braces are where a splitter of the other sort would cut.
      std::string frame = text ? "{" : "\n";
      const std::string alphabet = text ? "{}a0 " : std::string("\0\n{}a", 5);
      for (auto n = random() % 300; n > 0; --n) frame.push_back(alphabet[random() % 5]);
      stream += text ? frame + "\n" : WithLength(frame);
      frames.push_back(std::move(frame));
    }
    for (int round = 0; round < 200; ++round) {
      std::vector<std::string> pieces;
      for (size_t at = 0; at < stream.size();) {
        const size_t size = 1 + random() % (round % 2 == 0 ? 5 : 500);
        pieces.push_back(stream.substr(at, size));
        at += size;
      }
      ASSERT_EQ(Split(pieces), frames) << (text ? "text" : "protobuf") << " round " << round;
    }
  }
}

TEST(FrameSplitter, EndsAtAFrameThatIsTooLong) {
  EXPECT_THAT(Split({"{}\n{" + std::string(100, ' '), "\n"}, 50), ElementsAre("{}", "too long"));
  EXPECT_THAT(Split({WithLength("\n"), std::string("\x04\0\0\0", 4) + std::string(100, ' ')}, 50),
              ElementsAre("\n", "too long"));
}

// All that a pod of a gang may say, with texts that are empty where Kubernetes
// writes them although there is nothing.
kubernetes::Pod RichPod() {
  kubernetes::Pod pod = Named("worker-0");
  auto& metadata = *pod.mutable_metadata();
  metadata.set_uid("u-1");
  metadata.set_resourceversion("77");
  metadata.mutable_creationtimestamp()->set_seconds(1'790'000'000);
  const auto label = [](auto* entry, const char* key, const char* value) {
    entry->set_key(key);
    entry->set_value(value);
  };
  label(metadata.add_labels(), "job-name", "train");
  label(metadata.add_labels(), "empty", "");
  label(metadata.add_annotations(), "muster.dev/gang", "train");
  label(metadata.add_annotations(), "muster.dev/gang-size", "4");
  auto& owner = *metadata.add_ownerreferences();
  owner.set_kind("Job");
  owner.set_name("train");
  owner.set_controller(true);
  auto& spec = *pod.mutable_spec();
  spec.set_nodename("");
  spec.set_hostnetwork(false);
  spec.set_schedulername("default-scheduler");
  spec.set_priority(0);
  spec.add_schedulinggates()->set_name("wait");
  label(spec.add_nodeselector(), "pool", "gpu");
  auto& container = *spec.add_containers();
  container.set_name("main");
  auto& port = *container.add_ports();
  port.set_hostport(8080);
  port.set_containerport(8080);
  port.set_protocol("TCP");
  port.set_hostip("");
  const auto amount = [](auto* entry, const char* key, const char* value) {
    entry->set_key(key);
    entry->mutable_value()->set_string(value);
  };
  amount(container.mutable_resources()->add_requests(), "cpu", "1500m");
  amount(container.mutable_resources()->add_limits(), "nvidia.com/gpu", "8");
  amount(spec.add_overhead(), "memory", "64Mi");
  auto& toleration = *spec.add_tolerations();
  toleration.set_key("spot");
  toleration.set_operator_("Exists");
  toleration.set_value("");
  toleration.set_effect("NoSchedule");
  auto& affinity = *spec.mutable_affinity();
  auto& expression = *affinity.mutable_nodeaffinity()
                          ->mutable_requiredduringschedulingignoredduringexecution()
                          ->add_nodeselectorterms()
                          ->add_matchexpressions();
  expression.set_key("zone");
  expression.set_operator_("In");
  expression.add_values("a");
  expression.add_values("b");
  auto& apart = *affinity.mutable_podantiaffinity()->add_requiredduringschedulingignoredduringexecution();
  apart.set_topologykey("kubernetes.io/hostname");
  label(apart.mutable_labelselector()->add_matchlabels(), "job-name", "train");
  apart.mutable_namespaceselector();
  auto& spread = *spec.add_topologyspreadconstraints();
  spread.set_maxskew(1);
  spread.set_topologykey("zone");
  spread.set_whenunsatisfiable("DoNotSchedule");
  spread.mutable_labelselector();
  pod.mutable_status()->set_phase("Pending");
  pod.mutable_status()->set_nominatednodename("n1");
  return pod;
}

constexpr const char* kRichPod = R"({
  "metadata": {"name": "worker-0", "namespace": "ml", "uid": "u-1", "resourceVersion": "77",
    "creationTimestamp": "2026-09-21T14:13:20Z", "labels": {"job-name": "train", "empty": ""},
    "annotations": {"muster.dev/gang": "train", "muster.dev/gang-size": "4"},
    "ownerReferences": [{"kind": "Job", "name": "train", "controller": true}]},
  "spec": {"hostNetwork": false, "schedulerName": "default-scheduler", "priority": 0,
    "schedulingGates": [{"name": "wait"}], "nodeSelector": {"pool": "gpu"},
    "containers": [{"name": "main", "ports": [{"hostPort": 8080, "containerPort": 8080, "protocol": "TCP"}],
      "resources": {"requests": {"cpu": "1500m"}, "limits": {"nvidia.com/gpu": "8"}}}],
    "overhead": {"memory": "64Mi"},
    "tolerations": [{"key": "spot", "operator": "Exists", "effect": "NoSchedule"}],
    "affinity": {
      "nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
        {"matchExpressions": [{"key": "zone", "operator": "In", "values": ["a", "b"]}]}]}},
      "podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
        {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"job-name": "train"}},
         "namespaceSelector": {}}]}},
    "topologySpreadConstraints": [
      {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule", "labelSelector": {}}]},
  "status": {"phase": "Pending", "nominatedNodeName": "n1"}})";

// The object of an event in protobuf, as JSON.
Json ObjectIn(const std::string& event) {
  Json read;
  const absl::Status status =
      ReadEvent(event, Form::kProtobufOrJson, [&](absl::string_view, const ApiObject& object) {
        ASSERT_NE(object.message(), nullptr);
        read = test::ToJson(*object.message());
      });
  EXPECT_TRUE(status.ok()) << status;
  return read;
}

TEST(ReadEvent, AnObjectInProtobufIsTheSameAsInJson) {
  const std::string event = Event("MODIFIED", "Pod", RichPod());
  const Json json = Json::parse(kRichPod);
  EXPECT_EQ(ObjectIn(event), json);
  const absl::Status status =
      ReadEvent(event, Form::kProtobufOrJson, [&](absl::string_view type, const ApiObject& object) {
        EXPECT_EQ(type, "MODIFIED");
        const absl::StatusOr<Pod> pod = DecodePod(object);
        ASSERT_TRUE(pod.ok()) << pod.status();
        EXPECT_EQ(*pod, *DecodePod(json));
      });
  EXPECT_TRUE(status.ok()) << status;
}

TEST(ReadEvent, ReadsNodesNamespacesBookmarksAndErrors) {
  kubernetes::Node node;
  node.mutable_metadata()->set_name("n1");
  node.mutable_spec()->set_unschedulable(true);
  auto& condition = *node.mutable_status()->add_conditions();
  condition.set_type("Ready");
  condition.set_status("True");
  condition.mutable_lasttransitiontime();  // none
  EXPECT_EQ(ObjectIn(Event("ADDED", "Node", node)),
            Json::parse(R"({"metadata":{"name":"n1"},"spec":{"unschedulable":true},
                            "status":{"conditions":[{"type":"Ready","status":"True"}]}})"));
  kubernetes::Namespace ns;
  auto& end = *ns.mutable_metadata()->add_annotations();
  end.set_key("k8s.io/initial-events-end");
  end.set_value("true");
  EXPECT_EQ(ObjectIn(Event("BOOKMARK", "Namespace", ns)),
            Json::parse(R"({"metadata":{"annotations":{"k8s.io/initial-events-end":"true"}}})"));
  kubernetes::Status status;
  status.set_code(410);
  status.set_message("too old");
  EXPECT_EQ(ObjectIn(Event("ERROR", "Status", status)), Json::parse(R"({"code":410,"message":"too old"})"));
}

TEST(ReadList, ReadsPagesOfBothForms) {
  kubernetes::PodList list;
  list.mutable_metadata()->set_resourceversion("9");
  list.mutable_metadata()->set_continue_("next");
  *list.add_items() = Named("a");
  *list.add_items() = Named("b");
  const std::string json = R"({"metadata":{"resourceVersion":"9","continue":"next"},"items":[
    {"metadata":{"name":"a","namespace":"ml"}},{"metadata":{"name":"b","namespace":"ml"}}]})";
  for (const std::string& body : {Enveloped("PodList", list), json}) {
    std::vector<std::string> names;
    const auto end = ReadList(body, Form::kProtobufOrJson, [&](const ApiObject& object) {
      names.emplace_back(DecodePodAsUnknown(object)->name.name());
    });
    ASSERT_TRUE(end.ok()) << end.status();
    EXPECT_THAT(names, ElementsAre("a", "b"));
    EXPECT_EQ(end->resource_version, "9");
    EXPECT_EQ(end->continue_token, "next");
  }
}

TEST(Wire, BytesThatEndEarlyOrAreAnotherKindAreErrorsAndVisitNothing) {
  const auto nothing = [](const ApiObject&) { ADD_FAILURE(); };
  const auto refused = [](const std::string& event, Form form) {
    return !ReadEvent(event, form, [](absl::string_view, const ApiObject&) { ADD_FAILURE(); }).ok();
  };
  const std::string event = Event("ADDED", "Pod", RichPod());
  for (size_t size = 0; size < event.size(); ++size)
    EXPECT_TRUE(refused(event.substr(0, size), Form::kProtobufOrJson)) << size;
  kubernetes::PodList list;
  *list.add_items() = RichPod();
  const std::string body = Enveloped("PodList", list);
  for (size_t size = 0; size < body.size(); ++size) {
    EXPECT_FALSE(ReadList(body.substr(0, size), Form::kProtobufOrJson, nothing).ok()) << size;
  }
  EXPECT_FALSE(ReadList(Enveloped("Pod", Named("a")), Form::kProtobufOrJson, nothing).ok());
  EXPECT_FALSE(ReadList(Enveloped("SecretList", list), Form::kProtobufOrJson, nothing).ok());
  EXPECT_TRUE(refused(Event("ADDED", "Secret", Named("a")), Form::kProtobufOrJson));
}

TEST(Wire, ProtobufThatWasNotAskedForIsAnError) {
  kubernetes::PodList list;
  *list.add_items() = Named("a");
  const absl::Status event = ReadEvent(Event("ADDED", "Pod", Named("a")), Form::kJson,
                                       [](absl::string_view, const ApiObject&) { ADD_FAILURE(); });
  EXPECT_FALSE(event.ok());
  EXPECT_FALSE(
      ReadList(Enveloped("PodList", list), Form::kJson, [](const ApiObject&) { ADD_FAILURE(); }).ok());
}

TEST(Wire, WhatIsNotNamedIsSkipped) {
  kubernetes::Pod pod = Named("a");
  // managedFields, a hundred kilobytes of it.
  pod.mutable_metadata()
      ->GetReflection()
      ->MutableUnknownFields(pod.mutable_metadata())
      ->AddLengthDelimited(17, std::string(100'000, 'x'));
  EXPECT_EQ(ObjectIn(Event("ADDED", "Pod", pod)),
            Json::parse(R"({"metadata":{"name":"a","namespace":"ml"}})"));
}

}  // namespace
}  // namespace muster::kube
