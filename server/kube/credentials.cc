// SPDX-License-Identifier: Apache-2.0
#include "server/kube/credentials.h"

#include <yaml-cpp/yaml.h>

#include <cstdlib>
#include <fstream>
#include <initializer_list>
#include <optional>
#include <sstream>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace muster::kube {
namespace {

constexpr const char* kServiceAccount = "/var/run/secrets/kubernetes.io/serviceaccount";
constexpr absl::Duration kOldest = absl::Minutes(1);

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (!file || !(text << file.rdbuf())) return absl::NotFoundError(absl::StrCat(path, ": can't be read"));
  return text.str();
}

// Reads fields of a kubeconfig and remembers the first thing that is wrong.
class Kubeconfig {
 public:
  explicit Kubeconfig(std::string path) : path_(std::move(path)) {}

  absl::StatusOr<Access> Read() {
    const absl::StatusOr<std::string> text = ReadFile(path_);
    if (!text.ok()) return text.status();
    const YAML::Node root = YAML::Load(*text);
    if (!root.IsMap()) return absl::InvalidArgumentError(absl::StrCat(path_, ": is no kubeconfig"));
    const std::string context_name = Text(root, "current-context");
    if (context_name.empty()) Fail("current-context: want the name of a context");
    const YAML::Node context = Named(root, "contexts", context_name, "context");
    ReadCluster(Named(root, "clusters", Text(context, "cluster"), "cluster"));
    const std::string user = Text(context, "user");
    if (!user.empty()) ReadUser(Named(root, "users", user, "user"));
    if (!error_.ok()) return error_;
    return access_;
  }

 private:
  void Fail(absl::string_view what) {
    if (error_.ok()) error_ = absl::InvalidArgumentError(absl::StrCat(path_, ": ", what));
  }

  std::string Text(const YAML::Node& node, const char* key) {
    if (!node.IsMap() || !node[key].IsDefined() || node[key].IsNull()) return "";
    if (node[key].IsScalar()) return node[key].Scalar();
    Fail(absl::StrCat(key, ": want a text"));
    return "";
  }

  YAML::Node Named(const YAML::Node& root, const char* list, const std::string& name, const char* what) {
    if (root[list].IsDefined() && root[list].IsSequence()) {
      for (const YAML::Node& entry : root[list]) {
        if (Text(entry, "name") == name) return entry[what].IsDefined() ? entry[what] : YAML::Node();
      }
    }
    Fail(absl::StrCat(list, ": there is none called \"", name, "\""));
    return YAML::Node();
  }

  // The contents under KEY-data (base64), or of the file under KEY.
  Secret Contents(const YAML::Node& node, const std::string& key) {
    const std::string data = Text(node, (key + "-data").c_str());
    std::string contents;
    if (!data.empty()) {
      if (!absl::Base64Unescape(data, &contents)) Fail(absl::StrCat(key, "-data: is not base64"));
      return {contents, ""};
    }
    std::string file = Text(node, key.c_str());
    if (file.empty()) return {};
    file = Absolute(std::move(file));
    const absl::StatusOr<std::string> read = ReadFile(file);
    if (!read.ok() && error_.ok())
      error_ = absl::NotFoundError(absl::StrCat(path_, ": ", key, ": ", read.status().message()));
    return {"", file};
  }

  // Paths in a kubeconfig are relative to it.
  std::string Absolute(std::string file) const {
    const size_t slash = path_.rfind('/');
    if (absl::StartsWith(file, "/") || slash == std::string::npos) return file;
    return absl::StrCat(path_.substr(0, slash + 1), file);
  }

  void ReadCluster(const YAML::Node& cluster) {
    access_.server = std::string(absl::StripSuffix(Text(cluster, "server"), "/"));
    if (!absl::StartsWith(access_.server, "http://") && !absl::StartsWith(access_.server, "https://")) {
      Fail(absl::StrCat("cluster.server: want a URL with http or https, got \"", access_.server, "\""));
    }
    access_.ca = Contents(cluster, "certificate-authority");
    access_.tls_server_name = Text(cluster, "tls-server-name");
    RefuseKeys(cluster, "cluster.", {"proxy-url"}, "is not supported; set HTTPS_PROXY in the environment");
    access_.insecure_skip_tls_verify = Text(cluster, "insecure-skip-tls-verify") == "true";
  }

  // Keys that change who is asked, or who asks, and would be ignored.
  void RefuseKeys(const YAML::Node& node, const char* where, std::initializer_list<const char*> keys,
                  const char* why) {
    for (const char* key : keys) {
      if (node.IsMap() && node[key].IsDefined()) Fail(absl::StrCat(where, key, ": ", why));
    }
  }

  void ReadUser(const YAML::Node& user) {
    RefuseKeys(user, "user.", {"exec", "auth-provider"},
               "credentials from programs are not supported; use a token or a client certificate");
    RefuseKeys(user, "user.", {"username", "password", "as", "as-uid", "as-groups", "as-user-extra"},
               "is not supported; use a token or a client certificate");
    access_.token = {Text(user, "token"), Text(user, "tokenFile")};
    if (!access_.token.file.empty()) access_.token.file = Absolute(access_.token.file);
    access_.client_certificate = Contents(user, "client-certificate");
    access_.client_key = Contents(user, "client-key");
    if (access_.client_certificate.empty() != access_.client_key.empty()) {
      Fail("user: client-certificate and client-key come together");
    }
  }

  const std::string path_;
  Access access_;
  absl::Status error_;
};

}  // namespace

absl::StatusOr<Access> InCluster() {
  const char* host = std::getenv("KUBERNETES_SERVICE_HOST");
  const char* port = std::getenv("KUBERNETES_SERVICE_PORT");
  if (host == nullptr || port == nullptr) {
    return absl::NotFoundError(
        "KUBERNETES_SERVICE_HOST is not set, so this is no pod; name a kubeconfig or the files of a cluster");
  }
  Access access;
  const bool ipv6 = absl::StrContains(host, ":");
  access.server = absl::StrCat("https://", ipv6 ? "[" : "", host, ipv6 ? "]:" : ":", port);
  access.ca.file = absl::StrCat(kServiceAccount, "/ca.crt");
  const absl::StatusOr<std::string> ca = ReadFile(access.ca.file);
  if (!ca.ok()) return ca.status();
  access.token.file = absl::StrCat(kServiceAccount, "/token");
  return access;
}

// The boundary at which yaml-cpp's exceptions become Status.
absl::StatusOr<Access> FromKubeconfig(const std::string& path) {
  try {
    return Kubeconfig(path).Read();
  } catch (const YAML::Exception& e) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": line ", e.mark.line + 1, ": ", e.msg));
  }
}

std::string FreshSecret::Get(absl::Time now) {
  if (secret_.file.empty()) return secret_.text;
  absl::MutexLock lock(&mu_);
  if (now - read_at_ > kOldest) {
    const absl::StatusOr<std::string> text = ReadFile(secret_.file);
    // A file that is being replaced is read at the next call; the old text may
    // do until then.
    if (text.ok()) {
      text_ = std::string(absl::StripAsciiWhitespace(*text));
      read_at_ = now;
    }
  }
  return text_;
}

void FreshSecret::Refused() {
  absl::MutexLock lock(&mu_);
  read_at_ = absl::InfinitePast();
}

}  // namespace muster::kube
