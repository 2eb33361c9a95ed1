// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace muster::kube {

// A text as it is, or in a file that is read again and again: tokens and
// certificates are replaced while a process runs.
struct Secret {
  std::string text;
  std::string file;  // empty: `text` it is

  bool empty() const { return text.empty() && file.empty(); }
};

// How to reach an API server and who to be there.
struct Access {
  std::string server;           // "https://host:port", without a slash at the end
  std::string tls_server_name;  // that the server's certificate is for; empty: the one in `server`
  bool insecure_skip_tls_verify = false;
  Secret ca;  // this and the next two are PEM
  Secret client_certificate;
  Secret client_key;
  Secret token;
};

// The access that a pod has by its service account.
// kNotFound if this process does not run in a pod.
absl::StatusOr<Access> InCluster();

// The access of a kubeconfig's current context.
//   kNotFound         the file, or one that it names, can't be read
//   kInvalidArgument  names the file and the key: missing, malformed, asking for
//                     a program to be run (exec, auth-provider), or not supported
absl::StatusOr<Access> FromKubeconfig(const std::string& path);

// A secret, fresh enough.
// Threads: thread-safe.
class FreshSecret {
 public:
  explicit FreshSecret(Secret secret) : secret_(std::move(secret)) {}

  // The text without the space around it; empty if there is none. A file is
  // read again when what is known of it is older than a minute at `now`, or was
  // refused.
  std::string Get(absl::Time now);

  // The API server refused it, or was not known by it: the next Get reads the file.
  void Refused();

 private:
  const Secret secret_;
  absl::Mutex mu_;
  std::string text_ ABSL_GUARDED_BY(mu_);
  absl::Time read_at_ ABSL_GUARDED_BY(mu_) = absl::InfinitePast();
};

}  // namespace muster::kube
