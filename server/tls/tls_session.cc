// SPDX-License-Identifier: Apache-2.0
#include "server/tls/tls_session.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <poll.h>

#include <algorithm>
#include <climits>

namespace muster {
namespace {

int Length(size_t size) { return static_cast<int>(std::min<size_t>(size, INT_MAX)); }

}  // namespace

TlsSession::TlsSession(std::shared_ptr<SSL_CTX> context, int socket)
    : ssl_(SSL_new(context.get()), SSL_free) {
  fcntl(socket, F_SETFL, fcntl(socket, F_GETFL) | O_NONBLOCK);
  broken_ = ssl_ == nullptr || SSL_set_fd(ssl_.get(), socket) != 1;
}

TlsSession::~TlsSession() = default;

IoStep TlsSession::Step(int result) {
  if (result > 0) return {.bytes = result};
  const int error = SSL_get_error(ssl_.get(), result);
  if (error == SSL_ERROR_WANT_READ) return {.wait = POLLIN};
  if (error == SSL_ERROR_WANT_WRITE) return {.wait = POLLOUT};
  // After any other error the library forbids to go on.
  broken_ = true;
  return {};
}

IoStep TlsSession::Accept() {
  if (broken_) return {};
  ERR_clear_error();  // the thread's, of another connection
  return Step(SSL_accept(ssl_.get()));
}

IoStep TlsSession::Read(char* to, size_t size) {
  if (broken_) return {};
  ERR_clear_error();
  return Step(SSL_read(ssl_.get(), to, Length(size)));
}

IoStep TlsSession::Write(const char* from, size_t size) {
  if (broken_) return {};
  ERR_clear_error();
  return Step(SSL_write(ssl_.get(), from, Length(size)));
}

void TlsSession::Close() {
  if (broken_) return;
  ERR_clear_error();
  SSL_shutdown(ssl_.get());
}

bool TlsSession::PeerKnown() const {
  if (broken_ || SSL_get_verify_result(ssl_.get()) != X509_V_OK) return false;
  // Without a certificate the result is "OK" as well.
  return SSL_get0_peer_certificate(ssl_.get()) != nullptr;
}

}  // namespace muster
