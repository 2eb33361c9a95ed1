// SPDX-License-Identifier: Apache-2.0
#include "test/server/tls/keys.h"

#include <curl/curl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"

namespace muster::test {
namespace {

void Want(bool ok) {
  if (!ok) std::abort();
}

void Extend(X509* certificate, X509* issuer, int what, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, what, value);
  Want(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1);
  X509_EXTENSION_free(extension);
}

void WriteCertificateTo(X509* certificate, const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "w");
  Want(file != nullptr && PEM_write_X509(file, certificate) == 1);
  std::fclose(file);
}

size_t Append(char* data, size_t one, size_t count, void* to) {
  static_cast<std::string*>(to)->append(data, one * count);
  return one * count;
}

}  // namespace

Authority::Authority(const std::string& name)
    : name_(name), key_(EVP_EC_gen("P-256"), EVP_PKEY_free), certificate_(nullptr, X509_free) {
  certificate_ = Make(name, key_.get(), true);
}

Authority::Certificate Authority::Make(const std::string& subject, EVP_PKEY* key, bool is_authority) {
  Certificate made(X509_new(), X509_free);
  X509* issuer = is_authority ? made.get() : certificate_.get();
  Want(X509_set_version(made.get(), 2) == 1);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), ++serial_);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), 3600);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(subject.c_str()), -1, -1, 0);
  X509_set_issuer_name(made.get(), X509_get_subject_name(issuer));
  X509_set_pubkey(made.get(), key);
  if (is_authority) {
    Extend(made.get(), issuer, NID_basic_constraints, "critical,CA:TRUE");
  } else {
    Extend(made.get(), issuer, NID_subject_alt_name, "IP:127.0.0.1");
  }
  Want(X509_sign(made.get(), key_.get(), EVP_sha256()) > 0);
  return made;
}

void Authority::Issue(const std::string& folder, const std::string& name) {
  const Key key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  const Certificate made = Make(absl::StrCat(name, "-", serial_ + 1, " of ", name_), key.get(), false);
  WriteCertificateTo(made.get(), absl::StrCat(folder, "/", name, ".crt"));
  std::FILE* file = std::fopen(absl::StrCat(folder, "/", name, ".key").c_str(), "w");
  Want(file != nullptr && PEM_write_PrivateKey(file, key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1);
  std::fclose(file);
}

void Authority::WriteCertificate(const std::string& path) const {
  WriteCertificateTo(certificate_.get(), path);
}

std::string ReadFile(const std::string& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

void WriteFile(const std::string& path, const std::string& text) { std::ofstream(path) << text; }

HttpsClient::HttpsClient(int port, const TlsFiles& keys)
    : url_(absl::StrCat("https://127.0.0.1:", port)), curl_(curl_easy_init(), curl_easy_cleanup) {
  curl_easy_setopt(curl_.get(), CURLOPT_CAINFO, keys.client_ca.c_str());
  if (keys.enabled()) {
    curl_easy_setopt(curl_.get(), CURLOPT_SSLCERT, keys.certificate.c_str());
    curl_easy_setopt(curl_.get(), CURLOPT_SSLKEY, keys.key.c_str());
  }
  curl_easy_setopt(curl_.get(), CURLOPT_TIMEOUT, 20L);
  curl_easy_setopt(curl_.get(), CURLOPT_CERTINFO, 1L);
  curl_easy_setopt(curl_.get(), CURLOPT_WRITEFUNCTION, Append);
}

Fetched HttpsClient::Fetch(const std::string& path, const std::string& body) {
  Fetched fetched;
  curl_easy_setopt(curl_.get(), CURLOPT_URL, absl::StrCat(url_, path).c_str());
  curl_easy_setopt(curl_.get(), CURLOPT_WRITEDATA, &fetched.body);
  if (body.empty()) {
    curl_easy_setopt(curl_.get(), CURLOPT_HTTPGET, 1L);
  } else {
    curl_easy_setopt(curl_.get(), CURLOPT_COPYPOSTFIELDS, body.c_str());
  }
  const CURLcode done = curl_easy_perform(curl_.get());
  if (done != CURLE_OK) fetched.error = curl_easy_strerror(done);
  curl_easy_getinfo(curl_.get(), CURLINFO_RESPONSE_CODE, &fetched.status);
  curl_certinfo* chain = nullptr;
  curl_easy_getinfo(curl_.get(), CURLINFO_CERTINFO, &chain);
  if (chain != nullptr && chain->num_of_certs > 0) fetched.subject = chain->certinfo[0]->data;
  return fetched;
}

}  // namespace muster::test
