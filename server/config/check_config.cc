// SPDX-License-Identifier: Apache-2.0
// What options say together.
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "re2/re2.h"
#include "scheduling/topology/levels.h"
#include "server/config/config.h"
#include "server/config/options.h"
#include "server/config/read_option.h"

namespace muster {
namespace {

absl::Status CheckTls(const TlsFiles& tls) {
  if (tls.certificate.empty() != tls.key.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("tls.certificate is \"", tls.certificate,
                                                   "\" and tls.key is \"", tls.key,
                                                   "\"; want both, or neither"));
  }
  if (!tls.client_ca.empty() && !tls.enabled()) {
    return absl::InvalidArgumentError(
        "tls.clientCA is set without tls.certificate: no caller could show his own");
  }
  return absl::OkStatus();
}

absl::Status CheckLead(const Config::Lead& lead) {
  const std::vector<std::string> parts = absl::StrSplit(lead.lease, '/');
  if (!lead.lease.empty() && (parts.size() != 2 || parts[0].empty() || parts[1].empty())) {
    return absl::InvalidArgumentError(
        absl::StrCat("lead.lease is \"", lead.lease, "\"; want NAMESPACE/NAME, or nothing"));
  }
  if (lead.lease_duration != absl::Floor(lead.lease_duration, absl::Seconds(1))) {
    return absl::InvalidArgumentError(absl::StrCat(
        "lead.leaseDuration is ", absl::FormatDuration(lead.lease_duration), "; want whole seconds"));
  }
  const auto less = [](absl::string_view name, absl::Duration value, absl::string_view than,
                       absl::Duration limit) {
    if (value < limit) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrCat("lead.", name, " is ", absl::FormatDuration(value),
                                                   "; want less than lead.", than, ", ",
                                                   absl::FormatDuration(limit)));
  };
  if (absl::Status s = less("renewDeadline", lead.renew_deadline, "leaseDuration", lead.lease_duration);
      !s.ok())
    return s;
  return less("retryPeriod", lead.retry_period, "renewDeadline", lead.renew_deadline);
}

absl::Status CheckExpander(const Config::Capacity& capacity) {
  if ((capacity.expander == "priority") == capacity.expander_groups.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "capacity.expander is ", capacity.expander, " and capacity.expanderGroups has ",
        capacity.expander_groups.size(), " patterns; want priority with patterns, or another without"));
  }
  for (const std::string& pattern : capacity.expander_groups) {
    const RE2 compiled(pattern, RE2::Quiet);
    if (!compiled.ok()) {
      return absl::InvalidArgumentError(absl::StrCat("capacity.expanderGroups has the pattern \"", pattern,
                                                     "\", which is none: ", compiled.error()));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckConfig(const Config& config) {
  Config copy = config;
  for (const Option& option : Options()) {
    const auto* address = std::get_if<AddressOption>(&option.kind);
    if (address == nullptr) continue;
    if (absl::Status fit = CheckAddress(option, address->at(copy)); !fit.ok()) return fit;
  }
  if (!config.topology.levels.empty()) {
    const absl::Status checked = CheckLevels(config.topology.levels);
    if (!checked.ok()) {
      return absl::InvalidArgumentError(absl::StrCat("topology.levels: ", checked.message()));
    }
  }
  if (config.extender.hold_margin >= config.extender.http_timeout) {
    return absl::InvalidArgumentError(
        absl::StrCat("extender.holdMargin is ", absl::FormatDuration(config.extender.hold_margin),
                     "; want less than extender.httpTimeout, ",
                     absl::FormatDuration(config.extender.http_timeout), ": set both"));
  }
  if (absl::Status tls = CheckTls(config.tls); !tls.ok()) return tls;
  if (absl::Status expander = CheckExpander(config.capacity); !expander.ok()) return expander;
  if (absl::Status lead = CheckLead(config.lead); !lead.ok()) return lead;
  if (!config.cluster.files.empty() && !config.cluster.kubeconfig.empty()) {
    return absl::InvalidArgumentError(
        "cluster.files and cluster.kubeconfig are both set; want one: a cluster in memory, or a live one");
  }
  return absl::OkStatus();
}

}  // namespace muster
