// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "server/tls/tls_files.h"

// OpenSSL's own name for what connections are made with.
struct ssl_ctx_st;

namespace muster {

// The keys in files, as they are now: files that were replaced, as certificates
// are before they expire, count for the next connection.
//
// Files that can't be used any more are logged once, and what was read before
// them goes on.
//
// Threads: thread-safe.
class TlsContext {
 public:
  // Files are looked at again after this.
  static constexpr absl::Duration kLook = absl::Seconds(1);

  // kInvalidArgument names the file that can't be used.
  static absl::StatusOr<std::shared_ptr<TlsContext>> Open(TlsFiles files);

  std::shared_ptr<ssl_ctx_st> Current();

  // Whether callers are asked who they are.
  bool asks_callers() const { return !files_.client_ca.empty(); }

 private:
  explicit TlsContext(TlsFiles files) : files_(std::move(files)) {}
  std::string Signature() const;

  const TlsFiles files_;
  absl::Mutex mu_;
  std::shared_ptr<ssl_ctx_st> current_ ABSL_GUARDED_BY(mu_);
  std::string signature_ ABSL_GUARDED_BY(mu_);
  absl::Time looked_ ABSL_GUARDED_BY(mu_);
};

}  // namespace muster
