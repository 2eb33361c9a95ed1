// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace muster::kube {

// How to reach an API server and who to be there. PEM texts are contents, not
// paths; empty where there is none.
struct Access {
  std::string server;  // "https://host:port", without a slash at the end
  std::string ca_pem;
  std::string tls_server_name;  // that the server's certificate is for; empty: the one in `server`
  std::string client_certificate_pem;
  std::string client_key_pem;
  std::string token;       // as is, or
  std::string token_file;  // read again and again: tokens of service accounts rotate
  bool insecure_skip_tls_verify = false;
};

// The access that a pod has by its service account.
// kNotFound if this process does not run in a pod.
absl::StatusOr<Access> InCluster();

// The access of a kubeconfig's current context.
//   kNotFound         the file, or one that it names, can't be read
//   kInvalidArgument  names the file and the key: missing, malformed, asking for
//                     a program to be run (exec, auth-provider), or not supported
absl::StatusOr<Access> FromKubeconfig(const std::string& path);

// The bearer token of an access, fresh enough.
// Threads: thread-safe.
class Token {
 public:
  explicit Token(const Access& access) : fixed_(access.token), file_(access.token_file) {}

  // The token; empty if there is none. A file is read again when what is known
  // of it is older than a minute at `now`, or was refused.
  std::string Get(absl::Time now);

  // The API server refused the token: the next Get reads the file.
  void Refused();

 private:
  const std::string fixed_;
  const std::string file_;
  absl::Mutex mu_;
  std::string token_ ABSL_GUARDED_BY(mu_);
  absl::Time read_at_ ABSL_GUARDED_BY(mu_) = absl::InfinitePast();
};

}  // namespace muster::kube
