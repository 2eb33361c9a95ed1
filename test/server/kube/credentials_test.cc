// SPDX-License-Identifier: Apache-2.0
#include "server/kube/credentials.h"

#include <fstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace muster::kube {
namespace {

std::string WriteFile(const std::string& name, const std::string& text) {
  const std::string path = testing::TempDir() + "/credentials_test_" + name;
  std::ofstream(path) << text;
  return path;
}

constexpr const char* kHead = R"(
current-context: one
contexts: [{name: one, context: {cluster: c, user: u}}, {name: two, context: {cluster: c, user: nobody}}]
)";

std::string Config(const std::string& cluster, const std::string& user) {
  return std::string(kHead) + "clusters: [{name: c, cluster: " + cluster +
         "}]\nusers: [{name: u, user: " + user + "}]\n";
}

TEST(Kubeconfig, ReadsInlineAndReferencedCredentials) {
  WriteFile("key.pem", "KEY");
  const std::string path = WriteFile(
      "good",
      Config("{server: 'https://10.0.0.1:6443/', certificate-authority-data: Q0E=, tls-server-name: api}",
             "{client-certificate-data: Q0VSVA==, client-key: credentials_test_key.pem}"));
  const auto access = FromKubeconfig(path);
  ASSERT_TRUE(access.ok()) << access.status();
  EXPECT_EQ(access->server, "https://10.0.0.1:6443");
  EXPECT_EQ(access->ca.text, "CA");
  EXPECT_EQ(access->tls_server_name, "api");
  EXPECT_EQ(access->client_certificate.text, "CERT");
  EXPECT_EQ(access->client_key.file, testing::TempDir() + "/credentials_test_key.pem");
}

struct BadCase {
  std::string name;
  std::string text;
  std::string want;
};
void PrintTo(const BadCase& c, std::ostream* out) { *out << c.name; }

class BadKubeconfig : public testing::TestWithParam<BadCase> {};

TEST_P(BadKubeconfig, IsAnErrorThatNamesFileAndKey) {
  const std::string path = WriteFile(GetParam().name, GetParam().text);
  const auto access = FromKubeconfig(path);
  ASSERT_FALSE(access.ok());
  EXPECT_THAT(std::string(access.status().message()), testing::HasSubstr(path));
  EXPECT_THAT(std::string(access.status().message()), testing::HasSubstr(GetParam().want));
}

INSTANTIATE_TEST_SUITE_P(
    Kube, BadKubeconfig,
    testing::Values(
        BadCase{"NoYaml", "a: [", "line "}, BadCase{"NoMap", "- 1", "is no kubeconfig"},
        BadCase{"NoContext", "clusters: []", "current-context"},
        BadCase{"UnknownContext", "current-context: x\ncontexts: []", "contexts: there is none called \"x\""},
        BadCase{"NoServer", Config("{}", "{token: t}"), "cluster.server"},
        BadCase{"Program", Config("{server: 'https://a'}", "{exec: {command: aws}}"), "user.exec"},
        BadCase{"Proxy", Config("{server: 'https://a', proxy-url: 'http://b'}", "{token: t}"),
                "cluster.proxy-url"},
        BadCase{"Password", Config("{server: 'https://a'}", "{username: a, password: b}"), "user.username"},
        BadCase{"AnotherIdentity", Config("{server: 'https://a'}", "{token: t, as: admin}"), "user.as"},
        BadCase{"NoBase64", Config("{server: 'https://a', certificate-authority-data: '*'}", "{token: t}"),
                "certificate-authority-data"},
        BadCase{"MissingFile",
                Config("{server: 'https://a', certificate-authority: nowhere.pem}", "{token: t}"),
                "nowhere.pem"},
        BadCase{"HalfAPair", Config("{server: 'https://a'}", "{client-certificate-data: Q0E=}"),
                "come together"}),
    [](const auto& info) { return info.param.name; });

TEST(FreshSecret, IsReadAgainAfterAMinuteAndWhenItWasRefused) {
  FreshSecret token({"", WriteFile("token", "one\n")});
  const absl::Time start = absl::UnixEpoch();
  EXPECT_EQ(token.Get(start), "one");
  WriteFile("token", "two\n");
  EXPECT_EQ(token.Get(start + absl::Seconds(59)), "one");
  EXPECT_EQ(token.Get(start + absl::Seconds(61)), "two");
  WriteFile("token", "three\n");
  token.Refused();
  EXPECT_EQ(token.Get(start + absl::Seconds(62)), "three");
}

}  // namespace
}  // namespace muster::kube
