// SPDX-License-Identifier: Apache-2.0
#include "server/tls/tls_context.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>

#include <array>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace muster {
namespace {

absl::Status Unusable(const std::string& file, absl::string_view what) {
  std::array<char, 256> reason{};
  ERR_error_string_n(ERR_get_error(), reason.data(), reason.size());
  ERR_clear_error();
  return absl::InvalidArgumentError(absl::StrCat(file, ": ", what, " (", reason.data(), ")"));
}

absl::StatusOr<std::shared_ptr<SSL_CTX>> Load(const TlsFiles& files) {
  std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  if (context == nullptr) return absl::ResourceExhaustedError("no memory for TLS");
  SSL_CTX* c = context.get();
  SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION);
  SSL_CTX_set_options(c, SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_mode(
      c, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  if (SSL_CTX_use_certificate_chain_file(c, files.certificate.c_str()) != 1) {
    return Unusable(files.certificate, "no certificate can be read from it");
  }
  if (SSL_CTX_use_PrivateKey_file(c, files.key.c_str(), SSL_FILETYPE_PEM) != 1) {
    return Unusable(files.key, absl::StrCat("it holds no key of the certificate in ", files.certificate));
  }
  if (!files.client_ca.empty()) {
    if (SSL_CTX_load_verify_locations(c, files.client_ca.c_str(), nullptr) != 1) {
      return Unusable(files.client_ca, "no certificate can be read from it");
    }
    SSL_CTX_set_client_CA_list(c, SSL_load_client_CA_file(files.client_ca.c_str()));
    // Who shows none is told by the endpoint: probes of health have none.
    SSL_CTX_set_verify(c, SSL_VERIFY_PEER, nullptr);
    // Sessions of one authority must not be resumed under the next.
    SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(c, 0);
    SSL_CTX_set_options(c, SSL_OP_NO_TICKET);
  }
  return context;
}

}  // namespace

absl::StatusOr<std::shared_ptr<TlsContext>> TlsContext::Open(TlsFiles files) {
  std::shared_ptr<TlsContext> opened(new TlsContext(std::move(files)));
  absl::MutexLock lock(&opened->mu_);
  opened->signature_ = opened->Signature();
  opened->looked_ = absl::Now();
  absl::StatusOr<std::shared_ptr<SSL_CTX>> loaded = Load(opened->files_);
  if (!loaded.ok()) return loaded.status();
  opened->current_ = *std::move(loaded);
  return opened;
}

std::string TlsContext::Signature() const {
  std::string signature;
  for (const std::string* file : {&files_.certificate, &files_.key, &files_.client_ca}) {
    struct stat found = {};
    if (file->empty() || stat(file->c_str(), &found) != 0) continue;
    absl::StrAppend(&signature, found.st_ino, " ", found.st_size, " ", found.st_mtim.tv_sec, ".",
                    found.st_mtim.tv_nsec, "\n");
  }
  return signature;
}

std::shared_ptr<SSL_CTX> TlsContext::Current() {
  absl::MutexLock lock(&mu_);
  const absl::Time now = absl::Now();
  // The clock of a machine may be set back.
  if (now >= looked_ && now < looked_ + kLook) return current_;
  looked_ = now;
  std::string signature = Signature();
  if (signature == signature_) return current_;
  signature_ = std::move(signature);
  absl::StatusOr<std::shared_ptr<SSL_CTX>> loaded = Load(files_);
  if (loaded.ok()) {
    current_ = *std::move(loaded);
    spdlog::info("TLS: {} was replaced", files_.certificate);
  } else {
    spdlog::error("TLS: the files before go on: {}", std::string(loaded.status().message()));
  }
  return current_;
}

}  // namespace muster
