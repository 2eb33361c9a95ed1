// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace muster {

// Where the keys of this server are, as PEM. Without a certificate it speaks
// without TLS.
struct TlsFiles {
  std::string certificate;  // with the chain that leads to its authority
  std::string key;
  std::string client_ca;  // who vouches for callers; empty: nobody has to

  bool enabled() const { return !certificate.empty(); }
  friend bool operator==(const TlsFiles&, const TlsFiles&) = default;
};

}  // namespace muster
