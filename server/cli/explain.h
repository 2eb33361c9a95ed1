// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ostream>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"

// The sub-commands that ask a running server, over gRPC.
namespace muster::cli {

enum class ReportFormat { kText, kJson };

// Files (PEM) for a server that speaks TLS. Without an authority there is none.
struct ServerKeys {
  std::string ca;           // who vouches for the server
  std::string certificate;  // what shows who asks, and its key; where the server wants to know
  std::string key;
};

struct ExplainOptions {
  std::string subject;  // "NS/NAME" or "gang/NS/NAME" of a gang, "pod/NS/NAME" of a member
  std::string server;   // "HOST:PORT" of the server's gRPC port
  ReportFormat format = ReportFormat::kText;
  absl::Duration timeout = absl::Seconds(10);
  ServerKeys keys = {};
};

// `muster explain`: prints the state of one gang to `out`. kInvalidArgument for
// a malformed subject, kNotFound for a file of keys that can't be read,
// kUnavailable and kDeadlineExceeded if the server can't
// be reached in time, otherwise what the server says.
absl::Status Explain(const ExplainOptions& options, std::ostream& out);

struct GangsOptions {
  std::string server;
  ReportFormat format = ReportFormat::kText;
  absl::Duration timeout = absl::Seconds(10);  // of the list; a watch has none
  ServerKeys keys = {};
};

// `muster gangs`: prints all gangs, one line each or as {"gangs": [...]}.
// Errors as Explain.
absl::Status ListGangs(const GangsOptions& options, std::ostream& out);

// `muster gangs -w`: prints a line for each gang, then one for each change,
// flushed at once; in JSON {"gang": {...}} or {"removed": "ns/name"}. Returns
// only when the server ends the watch, with its reason.
absl::Status WatchGangs(const GangsOptions& options, std::ostream& out);

}  // namespace muster::cli
