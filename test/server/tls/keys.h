// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "server/tls/tls_files.h"

struct x509_st;
struct evp_pkey_st;

namespace muster::test {

// An authority that signs certificates, made anew for a test. Whatever fails in
// here ends the test program.
class Authority {
 public:
  explicit Authority(const std::string& name);

  // Writes NAME.crt and NAME.key into the folder, for 127.0.0.1. Each certificate
  // has another serial number; it stands in the subject as well.
  void Issue(const std::string& folder, const std::string& name);
  // Writes the authority's own certificate.
  void WriteCertificate(const std::string& path) const;

 private:
  using Certificate = std::unique_ptr<x509_st, void (*)(x509_st*)>;
  using Key = std::unique_ptr<evp_pkey_st, void (*)(evp_pkey_st*)>;

  Certificate Make(const std::string& subject, evp_pkey_st* key, bool is_authority);

  const std::string name_;
  long serial_ = 0;
  Key key_;
  Certificate certificate_;
};

std::string ReadFile(const std::string& path);
void WriteFile(const std::string& path, const std::string& text);

// What a GET or, with a body, a POST came to.
struct Fetched {
  std::string error;  // of the connection; empty: there is an answer
  long status = 0;
  std::string body;
  std::string subject;  // of the server's certificate
};

// A caller over HTTPS that keeps its connection, as Go's client does.
class HttpsClient {
 public:
  // `keys` shows the caller's certificate, if it has one; its client_ca is who
  // vouches for the server.
  HttpsClient(int port, const TlsFiles& keys);
  Fetched Fetch(const std::string& path, const std::string& body = "");

 private:
  const std::string url_;
  std::unique_ptr<void, void (*)(void*)> curl_;
};

}  // namespace muster::test
