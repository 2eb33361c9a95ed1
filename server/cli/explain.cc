// SPDX-License-Identifier: Apache-2.0
#include "server/cli/explain.h"

#include <fstream>
#include <memory>
#include <sstream>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "grpcpp/client_context.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "muster/v1/placement.grpc.pb.h"
#include "nlohmann/json.hpp"
#include "server/grpc/convert.h"
#include "server/grpc/status.h"
#include "server/report/report_format.h"

namespace muster::cli {
namespace {

// A gang of a thousand members has about 100 kB; a list has many gangs.
constexpr int kMaxAnswerBytes = 256 << 20;

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  if (path.empty()) return "";
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  if (!file) return absl::NotFoundError(absl::StrCat("can't read ", path));
  return text.str();
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> Credentials(const ServerKeys& keys) {
  if (keys.ca.empty() && keys.certificate.empty()) return grpc::InsecureChannelCredentials();
  const absl::StatusOr<std::string> ca = ReadFile(keys.ca);
  if (!ca.ok()) return ca.status();
  const absl::StatusOr<std::string> certificate = ReadFile(keys.certificate);
  if (!certificate.ok()) return certificate.status();
  const absl::StatusOr<std::string> key = ReadFile(keys.key);
  if (!key.ok()) return key.status();
  return grpc::SslCredentials(
      {.pem_root_certs = *ca, .pem_private_key = *key, .pem_cert_chain = *certificate});
}

absl::StatusOr<std::unique_ptr<v1::Placement::Stub>> Connect(const std::string& server,
                                                             const ServerKeys& keys) {
  absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> credentials = Credentials(keys);
  if (!credentials.ok()) return credentials.status();
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMaxAnswerBytes);
  return v1::Placement::NewStub(grpc::CreateCustomChannel(server, *credentials, arguments));
}

absl::Status Named(const std::string& server, const grpc::Status& status) {
  absl::Status plain = FromGrpc(status);
  if (plain.code() != absl::StatusCode::kUnavailable) return plain;
  return absl::UnavailableError(absl::StrCat(server, ": ", plain.message()));
}

absl::StatusOr<v1::ExplainRequest> ParseSubject(const std::string& subject) {
  std::vector<std::string> parts = absl::StrSplit(subject, '/');
  if (parts.size() == 2) parts.insert(parts.begin(), "gang");
  const bool known = parts.size() == 3 && (parts[0] == "gang" || parts[0] == "pod");
  if (!known || parts[1].empty() || parts[2].empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", subject, "\" is none of NAMESPACE/GANG, gang/NAMESPACE/GANG, pod/NAMESPACE/POD"));
  }
  v1::ExplainRequest request;
  if (parts[0] == "pod") {
    ToProto(PodName(parts[1], parts[2]), PodUid(), *request.mutable_pod());
  } else {
    ToProto(GangId(parts[1], parts[2]), *request.mutable_gang());
  }
  return request;
}

absl::Status PrintChange(const v1::WatchGangsResponse& change, ReportFormat format, std::ostream& out) {
  if (change.has_gang()) {
    const absl::StatusOr<GangReport> report = FromProto(change.gang());
    if (!report.ok()) return report.status();
    out << (format == ReportFormat::kJson ? nlohmann::ordered_json{{"gang", ReportJson(*report)}}.dump()
                                          : ReportLine(*report))
        << std::endl;
  } else if (change.has_removed()) {
    const std::string gang = FromProto(change.removed()).text();
    out << (format == ReportFormat::kJson ? nlohmann::ordered_json{{"removed", gang}}.dump()
                                          : absl::StrCat(gang, "  gone"))
        << std::endl;
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status Explain(const ExplainOptions& options, std::ostream& out) {
  const absl::StatusOr<v1::ExplainRequest> request = ParseSubject(options.subject);
  if (!request.ok()) return request.status();
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + options.timeout));
  v1::ExplainResponse response;
  const auto stub = Connect(options.server, options.keys);
  if (!stub.ok()) return stub.status();
  const grpc::Status status = (*stub)->Explain(&context, *request, &response);
  if (!status.ok()) return Named(options.server, status);
  const absl::StatusOr<GangReport> report = FromProto(response.gang());
  if (!report.ok()) return report.status();
  if (options.format == ReportFormat::kJson) {
    out << ReportJson(*report).dump(2) << "\n";
  } else {
    out << ReportText(*report);
  }
  return absl::OkStatus();
}

absl::Status ListGangs(const GangsOptions& options, std::ostream& out) {
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + options.timeout));
  v1::ListGangsResponse response;
  const auto stub = Connect(options.server, options.keys);
  if (!stub.ok()) return stub.status();
  const grpc::Status status = (*stub)->ListGangs(&context, {}, &response);
  if (!status.ok()) return Named(options.server, status);
  nlohmann::ordered_json gangs = nlohmann::ordered_json::array();
  for (const v1::GangReport& message : response.gangs()) {
    const absl::StatusOr<GangReport> report = FromProto(message);
    if (!report.ok()) return report.status();
    if (options.format == ReportFormat::kJson) {
      gangs.push_back(ReportJson(*report));
    } else {
      out << ReportLine(*report) << "\n";
    }
  }
  if (options.format == ReportFormat::kJson) {
    out << nlohmann::ordered_json{{"gangs", std::move(gangs)}}.dump(2) << "\n";
  }
  return absl::OkStatus();
}

absl::Status WatchGangs(const GangsOptions& options, std::ostream& out) {
  grpc::ClientContext context;
  const auto stub = Connect(options.server, options.keys);
  if (!stub.ok()) return stub.status();
  const auto changes = (*stub)->WatchGangs(&context, {});
  v1::WatchGangsResponse change;
  absl::Status printed;
  while (printed.ok() && changes->Read(&change)) printed = PrintChange(change, options.format, out);
  if (!printed.ok()) context.TryCancel();
  const grpc::Status status = changes->Finish();
  return printed.ok() ? Named(options.server, status) : printed;
}

}  // namespace muster::cli
