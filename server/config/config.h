// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "scheduling/capacity/options.h"
#include "scheduling/capacity/scale_up.h"
#include "scheduling/model/repair.h"
#include "scheduling/model/tenant.h"
#include "scheduling/model/topology.h"
#include "scheduling/model/topology_demand.h"
#include "server/tls/tls_files.h"

namespace muster {

// Everything that an operator can set. What each option does, its unit and its
// range stand in one table, in options.cc; DescribeConfig() prints it.
struct Config {
  struct Extender {
    std::string listen = "0.0.0.0:8080";
    absl::Duration http_timeout = absl::Seconds(60);
    absl::Duration hold_margin = absl::Seconds(5);
    int64_t max_connections = 8192;
    int64_t max_body_bytes = 64 << 20;
    absl::Duration idle_timeout = absl::Seconds(150);
    absl::Duration request_timeout = absl::Seconds(30);
    friend bool operator==(const Extender&, const Extender&) = default;
  };
  struct Grpc {
    std::string listen = "0.0.0.0:9090";
    int64_t max_message_bytes = 256 << 20;
    friend bool operator==(const Grpc&, const Grpc&) = default;
  };
  struct Cluster {
    std::string kubeconfig;
    std::vector<std::string> files;
    friend bool operator==(const Cluster&, const Cluster&) = default;
  };
  struct Lead {
    std::string lease = "muster/muster";
    std::string service = "muster";
    std::string address;
    absl::Duration lease_duration = absl::Seconds(15);
    absl::Duration renew_deadline = absl::Seconds(10);
    absl::Duration retry_period = absl::Seconds(1);
    friend bool operator==(const Lead&, const Lead&) = default;
  };
  struct Gangs {
    absl::Duration deadline = absl::Minutes(2);
    absl::Duration stand_back = absl::Seconds(10);
    absl::Duration later_holds = absl::Minutes(10);
    absl::Duration declined_for = absl::Minutes(1);
    absl::Duration refusal_holds = absl::Seconds(30);
    std::vector<std::string> scheduler_names = {"default-scheduler"};
    std::string closeness = "patient";
    absl::Duration patience = absl::Minutes(2);
    std::string repair = "wait";
    absl::Duration repair_grace = absl::Minutes(10);
    friend bool operator==(const Gangs&, const Gangs&) = default;
  };
  struct Gpus {
    std::string tenant_label;
    std::string separate_tenants = "shares";
    friend bool operator==(const Gpus&, const Gpus&) = default;
  };
  struct Topology {
    std::vector<Level> levels;  // outermost first
    friend bool operator==(const Topology&, const Topology&) = default;
  };
  struct Capacity {
    std::vector<ClassRule> classes;
    std::string unlabelled = "unknown";
    std::string policies = "derived";
    std::vector<std::pair<std::string, CapacityPolicy>> namespaces;
    std::vector<std::pair<std::string, CapacityPolicy>> kinds;
    absl::Duration patience = absl::Minutes(2);
    std::string leaders = "same";
    std::string expander = "least-cost";
    std::vector<std::string> expander_groups;
    std::vector<std::string> price_files;
    std::vector<NodePrice> prices;
    absl::Duration reclaimed_for = absl::Minutes(30);
    std::string leaving = "report";
    int64_t reclaimed_per_day = 5;
    absl::Duration run_time = absl::Hours(8);
    absl::Duration checkpoint_interval = absl::Hours(1);
    absl::Duration restart_time = absl::Minutes(10);
    friend bool operator==(const Capacity&, const Capacity&) = default;
  };
  struct ScaleUp {
    std::string policy = "ungate";
    absl::Duration delay = absl::Seconds(10);
    absl::Duration answer_within = absl::Minutes(5);
    absl::Duration settle = absl::Minutes(10);
    absl::Duration retry_after = absl::Minutes(10);
    int64_t placeholders_below = 0;
    friend bool operator==(const ScaleUp&, const ScaleUp&) = default;
  };
  struct Log {
    std::string level = "info";
    std::string format = "json";
    friend bool operator==(const Log&, const Log&) = default;
  };

  Extender extender;
  Grpc grpc;
  TlsFiles tls;
  Cluster cluster;
  Lead lead;
  Gangs gangs;
  Gpus gpus;
  Topology topology;
  Capacity capacity;
  ScaleUp scale_up;
  Log log;
  absl::Duration stop_grace = absl::Seconds(10);

  friend bool operator==(const Config&, const Config&) = default;
};

// What gangs.closeness says.
Closeness ClosenessOf(const Config::Gangs& gangs);
// What gangs.repair says.
Repair RepairOf(const Config::Gangs& gangs);

// What gpus.separateTenants and gpus.tenantLabel say.
TenantOptions TenantOptionsOf(const Config::Gpus& gpus);
// What the section says, without the prices in files.
CapacityOptions CapacityOf(const Config::Capacity& capacity);

// What the section says.
ScaleUpOptions ScaleUpOf(const Config::ScaleUp& scale_up);

// The configuration in a YAML document; what it does not mention keeps its
// default. kInvalidArgument names the line and the key: unknown or given
// twice, of a wrong type, out of its range, or at odds with another one.
absl::StatusOr<Config> ParseConfig(const std::string& yaml);

// As ParseConfig; errors name the file as well. kNotFound if it can't be read.
absl::StatusOr<Config> LoadConfig(const std::string& path);

// Whether addresses are addresses, and whether options agree with each other;
// ParseConfig has looked already. kInvalidArgument names the options.
absl::Status CheckConfig(const Config& config);

// The configuration as YAML that ParseConfig reads, each option below a
// comment that explains it.
std::string DescribeConfig(const Config& config);

// The same without comments, for the log.
std::string ShowConfig(const Config& config);

}  // namespace muster
