// SPDX-License-Identifier: Apache-2.0
#include "server/config/options.h"

namespace muster {
namespace {

using absl::Hours;
using absl::Minutes;
using absl::Seconds;

// Where an option is kept: a field, or a field of a section.
template <auto Field>
auto& At(Config& config) {
  return config.*Field;
}
template <auto Section, auto Field>
auto& At(Config& config) {
  return config.*Section.*Field;
}

std::vector<Option> ExtenderOptions() {
  return {
      {"extender", "listen",
       "Where the extender protocol, health and metrics are served, as host:port.\n"
       "Port 0 takes a free one.",
       AddressOption{At<&Config::extender, &Config::Extender::listen>}},
      {"extender", "httpTimeout",
       "What kube-scheduler's configuration says as httpTimeout of this extender.\n"
       "Told more than it is, Muster binds members whose callers have given up;\n"
       "told less, gangs have less time to come together. kube-scheduler's own\n"
       "default is 5s: set both.",
       DurationOption{At<&Config::extender, &Config::Extender::http_timeout>, Seconds(5), Minutes(10)}},
      {"extender", "holdMargin",
       "Of httpTimeout, what must be left when the bindings of a gang start. Less\n"
       "than the API server needs for a gang's bindings, and callers time out while\n"
       "their pods are being bound; more, and gangs have less time to come together.\n"
       "Less than httpTimeout.",
       DurationOption{At<&Config::extender, &Config::Extender::hold_margin>, Seconds(1), Minutes(5)}},
      {"extender", "maxConnections",
       "Connections at a time, each with a thread. A bind call that is held takes\n"
       "one for as long, so this limits the members that can wait for their gangs.\n"
       "A further connection waits, and the idlest one is closed for it.",
       NumberOption{At<&Config::extender, &Config::Extender::max_connections>, 16, 65536}},
      {"extender", "maxBodyBytes",
       "The longest body that is read; a longer one is answered 413. The names of\n"
       "15,000 nodes are under 1 MB.",
       NumberOption{At<&Config::extender, &Config::Extender::max_body_bytes>, 1 << 20, 1 << 30}},
      {"extender", "idleTimeout",
       "How long a connection may be idle. kube-scheduler's client keeps one for 90s\n"
       "and fails a call whose connection is closed under it.",
       DurationOption{At<&Config::extender, &Config::Extender::idle_timeout>, Seconds(120), Hours(24)}},
      {"extender", "requestTimeout",
       "How long a request may take to arrive, from its first byte to its last. A slow\n"
       "or broken caller occupies a thread for as long.",
       DurationOption{At<&Config::extender, &Config::Extender::request_timeout>, Seconds(1), Minutes(10)}},
  };
}

std::vector<Option> GrpcOptions() {
  return {
      {"grpc", "listen",
       "Where muster.v1.Placement, and grpcplugin.Expander for Cluster Autoscaler, are\n"
       "served, as host:port. Port 0 takes a free one.",
       AddressOption{At<&Config::grpc, &Config::Grpc::listen>}},
      {"grpc", "maxMessageBytes",
       "The largest request that is read. A dry run of Plan may carry the manifests of\n"
       "a whole cluster: 5,000 nodes with their pods are about 200 MB of YAML; Cluster\n"
       "Autoscaler sends every pending pod once for each node group.",
       NumberOption{At<&Config::grpc, &Config::Grpc::max_message_bytes>, 1 << 20, (1LL << 31) - 1}},
  };
}

std::vector<Option> TlsOptions() {
  return {
      {"tls", "certificate",
       "The file (PEM) with the certificate and what leads from it to its authority. The\n"
       "file is followed: a new one counts for the next connection. Empty: no TLS.",
       TextOption{At<&Config::tls, &TlsFiles::certificate>, {}}},
      {"tls", "key", "The file (PEM) with the key of the certificate.",
       TextOption{At<&Config::tls, &TlsFiles::key>, {}}},
      {"tls", "clientCA",
       "The file (PEM) with the authorities whose certificates callers must show: on the\n"
       "HTTP port for all of /v1/, on the gRPC port for everything. Empty: nobody is\n"
       "asked who he is.",
       TextOption{At<&Config::tls, &TlsFiles::client_ca>, {}}},
  };
}

std::vector<Option> ClusterOptions() {
  return {
      {"cluster", "kubeconfig",
       "The file with the address and the credentials of the API server. Empty: those\n"
       "that Kubernetes gives to a pod.",
       TextOption{At<&Config::cluster, &Config::Cluster::kubeconfig>, {}}},
      {"cluster", "files",
       "Manifests (YAML or JSON) of a cluster to keep in memory instead of talking to\n"
       "an API server: for trying out, and for tests.",
       TextsOption{At<&Config::cluster, &Config::Cluster::files>}},
  };
}

std::vector<Option> LeadOptions() {
  return {
      {"lead", "lease",
       "The Lease, as namespace/name, whose holder decides; other replicas wait for it.\n"
       "Empty: no election, for exactly one replica. Two that decide at once can each\n"
       "bind parts of a gang. Not used with cluster.files.",
       TextOption{At<&Config::lead, &Config::Lead::lease>, {}}},
      {"lead", "service",
       "The Service without a selector, in the namespace of the lease, by which callers\n"
       "find the leader: it writes its address into an EndpointSlice of it. Empty: it\n"
       "does not.",
       TextOption{At<&Config::lead, &Config::Lead::service>, {}}},
      {"lead", "address",
       "The IP address of this replica for that Service. Empty: what the environment\n"
       "says as POD_IP; where that is not set either, no EndpointSlice is written.",
       TextOption{At<&Config::lead, &Config::Lead::address>, {}}},
      {"lead", "leaseDuration",
       "How long the others leave a lease alone that its holder does not renew: how long\n"
       "nothing is placed when the leader's node dies.",
       DurationOption{At<&Config::lead, &Config::Lead::lease_duration>, Seconds(2), Minutes(5)}},
      {"lead", "renewDeadline",
       "How long the leader goes on without having renewed the lease; then it decides\n"
       "nothing until it can, and ends if another took it. Less than leaseDuration.",
       DurationOption{At<&Config::lead, &Config::Lead::renew_deadline>, Seconds(1), Minutes(5)}},
      {"lead", "retryPeriod",
       "How often the leader renews the lease and the others look at it: how long nothing\n"
       "is placed when the leader is stopped in good order. Less than renewDeadline.",
       DurationOption{At<&Config::lead, &Config::Lead::retry_period>, absl::Milliseconds(100), Minutes(1)}},
  };
}

std::vector<Option> GangsOptions() {
  return {
      {"gangs", "deadline",
       "How long seats are promised to a gang, and how long a gang that was bound in\n"
       "part is completed before it is undone, unless it declares its own deadline.\n"
       "Shorter, and slow volumes make gangs start over; longer, and seats of a gang\n"
       "that can't be bound stay empty.",
       DurationOption{At<&Config::gangs, &Config::Gangs::deadline>, Seconds(10), Hours(24)}},
      {"gangs", "standBack",
       "How long a gang that let its promise expire stands behind all others. Each\n"
       "further time in a row it is twice as long, at most 10 minutes.",
       DurationOption{At<&Config::gangs, &Config::Gangs::stand_back>, Seconds(0), Hours(1)}},
      {"gangs", "laterHolds",
       "How long room is kept at least for members that are created once others run\n"
       "(a Spark driver's executors), from the plan and from the bindings of those\n"
       "others: as long as they take to start. Longer, and room for members that\n"
       "never come stays empty.",
       DurationOption{At<&Config::gangs, &Config::Gangs::later_holds>, Seconds(10), Hours(24)}},
      {"gangs", "declinedFor",
       "How long a node is avoided for pods of a shape that kube-scheduler declined\n"
       "there for a reason that Muster does not model.",
       DurationOption{At<&Config::gangs, &Config::Gangs::declined_for>, Seconds(1), Hours(1)}},
      {"gangs", "refusalHolds",
       "How long the text of a refusal stays the same while its numbers move. Each\n"
       "change makes kube-scheduler try the pods of the gang again.",
       DurationOption{At<&Config::gangs, &Config::Gangs::refusal_holds>, Seconds(1), Hours(1)}},
      {"gangs", "schedulerNames",
       "The schedulerName of pods that come here, one for each profile of\n"
       "kube-scheduler that has Muster as its extender. Gangs of other schedulers get\n"
       "no seats. Empty: all gangs do.",
       TextsOption{At<&Config::gangs, &Config::Gangs::scheduler_names>}},
      {"gangs", "closeness",
       "Gangs that ask for devices and for no topology get one node if one can hold\n"
       "them, else one rack, and so on. Where those are busy a strict gang waits, a\n"
       "patient one waits for gangs.patience and then spreads, an eager one spreads\n"
       "at once. muster.dev/topology-closeness on the pods goes before this.",
       TextOption{At<&Config::gangs, &Config::Gangs::closeness>, {"strict", "patient", "eager"}}},
      {"gangs", "patience", "How long a patient gang waits, from the first time that it found no room.",
       DurationOption{At<&Config::gangs, &Config::Gangs::patience>, Seconds(1), Hours(24)}},
      {"gangs", "repair",
       "What becomes of a gang that ran, lost members, and stays below its minimum for\n"
       "gangs.repairGrace although others were made for them. wait: those that run go on.\n"
       "restart: they are evicted, if each has a controller that makes it again, and all\n"
       "are placed together; what they did since their last checkpoint is lost. release:\n"
       "the minimum is waived, and members are placed as room allows. muster.dev/repair\n"
       "and muster.dev/repair-grace on the pods go before these two.",
       TextOption{At<&Config::gangs, &Config::Gangs::repair>, {"wait", "restart", "release"}}},
      {"gangs", "repairGrace", "How long a gang may stay below its minimum before that.",
       DurationOption{At<&Config::gangs, &Config::Gangs::repair_grace>, Seconds(1), Hours(24 * 7)}},
  };
}

std::vector<Option> GpusOptions() {
  return {
      {"gpus", "separateTenants",
       "Which GPUs are for pods of one tenant at a time. shares: those that are shared\n"
       "by time-slicing or MPS, which neither divide nor clear the memory of a GPU.\n"
       "instances: MIG instances too. never: none. The device plugin chooses the GPU\n"
       "after a pod is bound, so a node has one tenant on all its GPUs of that kind.",
       TextOption{At<&Config::gpus, &Config::Gpus::separate_tenants>, {"shares", "instances", "never"}}},
      {"gpus", "tenantLabel",
       "The label of pods whose value is their tenant. Empty, or where a pod lacks it:\n"
       "the namespace is.",
       TextOption{At<&Config::gpus, &Config::Gpus::tenant_label>, {}}},
  };
}

std::vector<Option> TopologyOptionList() {
  return {
      {"topology", "levels",
       "A topology of your own by node labels, outermost level first, such as\n"
       "[{name: bay, key: example.com/bay}, {name: host, key: kubernetes.io/hostname}].\n"
       "It goes before those that objects declare and those that well-known labels\n"
       "show. At most 16 levels, no name or key twice, the host last.",
       LevelsOption{At<&Config::topology, &Config::Topology::levels>}},
  };
}

std::vector<Option> CapacityOptionList() {
  return {
      {"capacity", "classes",
       "By which labels nodes are told apart, beside those of the providers, which are\n"
       "known: [{label: example.com/pool, values: [cheap, batch], class: spot}]. The\n"
       "first rule that holds counts, and these go before the known ones; without\n"
       "values the label's presence is enough. Classes are on-demand, reserved, spot,\n"
       "flex and unknown.",
       ClassRulesOption{At<&Config::capacity, &Config::Capacity::classes>}},
      {"capacity", "unlabelled",
       "The class of nodes for which no rule holds: on-demand where they are all your\n"
       "own, for instance.",
       TextOption{At<&Config::capacity, &Config::Capacity::unlabelled>,
                  {"unknown", "on-demand", "reserved", "spot", "flex"}}},
      {"capacity", "policies",
       "What pods get that say nothing of capacity: derived, a policy by their owner\n"
       "and what they carry (README has the table), or explicit, none.",
       TextOption{At<&Config::capacity, &Config::Capacity::policies>, {"derived", "explicit"}}},
      {"capacity", "namespaces",
       "The policy of all pods of a namespace that do not say their own, such as\n"
       "{ml: spot, shop: on-demand}. The label muster.dev/capacity on the namespace goes\n"
       "before. Policies are any, spot, on-demand, prefer-spot and prefer-on-demand.",
       PoliciesOption{At<&Config::capacity, &Config::Capacity::namespaces>}},
      {"capacity", "kinds",
       "The derived policy by kind of owner where it is to be another one, such as\n"
       "{Deployment: prefer-on-demand, MyJob: prefer-spot}.",
       PoliciesOption{At<&Config::capacity, &Config::Capacity::kinds>}},
      {"capacity", "patience",
       "How long a pod waits, from its creation, for the on-demand node that it gets by\n"
       "a derived policy; then it goes where there is room.",
       DurationOption{At<&Config::capacity, &Config::Capacity::patience>, Seconds(0), Hours(24)}},
      {"capacity", "leaders",
       "Whether the driver, launcher, leader, master or head of a gang is on-demand\n"
       "whatever the others are, or the same. muster.dev/capacity-leaders on the pods\n"
       "goes before this.",
       TextOption{At<&Config::capacity, &Config::Capacity::leaders>, {"same", "on-demand"}}},
      {"capacity", "expander",
       "What Cluster Autoscaler is told to buy (--expander=grpc) of options that serve\n"
       "the same gang, or none: the least price for what is needed (least-cost), the\n"
       "least part of it left over, room for the most pods, or what comes first in\n"
       "expanderGroups (priority).",
       TextOption{At<&Config::capacity, &Config::Capacity::expander>,
                  {"least-cost", "least-waste", "most-pods", "priority"}}},
      {"capacity", "expanderGroups",
       "For the expander priority: patterns (RE2, as in Go) of names of node groups, the\n"
       "ones to grow first first, such as [\"-reserved$\", \"^spot-\"]. Groups that none\n"
       "matches come last; of equals the least price decides.",
       TextsOption{At<&Config::capacity, &Config::Capacity::expander_groups>}},
      {"capacity", "priceFiles",
       "Files with prices: OpenCost's CSV, or rates as in its default.json. Read at the\n"
       "start. Without any, its default rates count.",
       TextsOption{At<&Config::capacity, &Config::Capacity::price_files>}},
      {"capacity", "prices",
       "What nodes of an instance type cost an hour, such as [{type: p5.48xlarge,\n"
       "region: us-east-1, class: spot, hourly: 33.5}]; without region or class of any.\n"
       "They go before those in files that are as specific.",
       PricesOption{At<&Config::capacity, &Config::Capacity::prices>}},
      {"capacity", "reclaimedPerDay",
       "Of a hundred spot nodes, how many the provider takes back in a day. With the\n"
       "next three it says whether a gang is cheaper on spot nodes or on demand.",
       NumberOption{At<&Config::capacity, &Config::Capacity::reclaimed_per_day>, 0, 100}},
      {"capacity", "runTime", "How long a gang works that does not say so (muster.dev/run-time).",
       DurationOption{At<&Config::capacity, &Config::Capacity::run_time>, Minutes(1), Hours(8760)}},
      {"capacity", "checkpointInterval",
       "How often it saves what it has done (muster.dev/checkpoint-interval).",
       DurationOption{At<&Config::capacity, &Config::Capacity::checkpoint_interval>, Seconds(1),
                      Hours(8760)}},
      {"capacity", "restartTime", "How long it needs to go on from there (muster.dev/restart-time).",
       DurationOption{At<&Config::capacity, &Config::Capacity::restart_time>, Seconds(1), Hours(24)}},
      {"capacity", "leaving",
       "What happens to gang members on a node that is about to go. report: explain and\n"
       "the metrics name them. move: room for them is kept in the same domain, and then\n"
       "they are evicted, so that their controllers make them again there; never those\n"
       "without a controller. muster.dev/when-leaving on the pods goes before this.",
       TextOption{At<&Config::capacity, &Config::Capacity::leaving>, {"report", "move"}}},
      {"capacity", "reclaimedFor",
       "After a spot node was taken back, others of its instance type and zone are\n"
       "avoided where there is a choice; half as much after each of these times.",
       DurationOption{At<&Config::capacity, &Config::Capacity::reclaimed_for>, Minutes(1), Hours(24)}},
  };
}

std::vector<Option> ScaleUpOptionList() {
  return {
      {"scaleUp", "policy",
       "Who buys nodes for a gang that does not fit. ungate: whichever autoscaler sees\n"
       "unschedulable pods; the scheduling gate muster.dev/gang is taken from its pods.\n"
       "provisioning-request: Cluster Autoscaler is asked for all of them or none, once\n"
       "for each kind of capacity that the gang may be on. never: nobody, gated pods\n"
       "stay gated. muster.dev/scale-up on the pods goes before this.",
       TextOption{At<&Config::scale_up, &Config::ScaleUp::policy>,
                  {"ungate", "provisioning-request", "never"}}},
      {"scaleUp", "delay", "How long a gang is without room before that happens.",
       DurationOption{At<&Config::scale_up, &Config::ScaleUp::delay>, Seconds(0), Hours(24)}},
      {"scaleUp", "answerWithin",
       "How long a ProvisioningRequest may go without coming to an end; then it is\n"
       "withdrawn and the next one made.",
       DurationOption{At<&Config::scale_up, &Config::ScaleUp::answer_within>, Seconds(1), Hours(24)}},
      {"scaleUp", "settle",
       "How long the gang may still not fit once the request says that its nodes are\n"
       "there. Cluster Autoscaler keeps them for 10 minutes.",
       DurationOption{At<&Config::scale_up, &Config::ScaleUp::settle>, Seconds(1), Hours(24)}},
      {"scaleUp", "retryAfter", "After every request was in vain, how long until the first is made again.",
       DurationOption{At<&Config::scale_up, &Config::ScaleUp::retry_after>, Seconds(1), Hours(24)}},
      {"scaleUp", "placeholdersBelow",
       "Pods of a lower priority, which hold room so that an autoscaler keeps it: they\n"
       "make way for gangs that fit nowhere else.",
       NumberOption{At<&Config::scale_up, &Config::ScaleUp::placeholders_below>, -2147483648, 0}},
  };
}

std::vector<Option> LogOptions() {
  return {
      {"log", "level", "What is worth a line: one of debug, info, warning, error.",
       TextOption{At<&Config::log, &Config::Log::level>, {"debug", "info", "warning", "error"}}},
      {"log", "format", "json for machines, text for people.",
       TextOption{At<&Config::log, &Config::Log::format>, {"json", "text"}}},
  };
}

std::vector<Option> TopOptions() {
  return {
      {"", "stopGrace",
       "How long running calls may take to end when Muster is told to stop. Held bind\n"
       "calls are answered with an error at once.",
       DurationOption{At<&Config::stop_grace>, Seconds(0), Minutes(5)}},
  };
}

}  // namespace

const std::vector<Option>& Options() {
  static const auto& options = *[] {
    auto* all = new std::vector<Option>;
    for (const auto& section : {ExtenderOptions(), GrpcOptions(), TlsOptions(), ClusterOptions(),
                                LeadOptions(), GangsOptions(), GpusOptions(), TopologyOptionList(),
                                CapacityOptionList(), ScaleUpOptionList(), LogOptions(), TopOptions()}) {
      all->insert(all->end(), section.begin(), section.end());
    }
    return all;
  }();
  return options;
}

absl::string_view SectionHelp(absl::string_view section) {
  if (section == "extender") return "The HTTP port, which kube-scheduler calls.";
  if (section == "grpc") return "The gRPC port, for everybody else.";
  if (section == "tls") return "Keys for both ports.";
  if (section == "cluster") return "Where the cluster is.";
  if (section == "lead") return "Which of several replicas decides.";
  if (section == "gangs") return "How gangs are treated that declare nothing else.";
  if (section == "gpus") return "How GPUs are shared.";
  if (section == "topology") return "What there is beside the topologies that Muster finds.";
  if (section == "capacity") return "Spot, on demand, and what they cost.";
  if (section == "scaleUp") return "Gangs that do not fit: who buys nodes, and what makes way.";
  if (section == "log") return "Logs go to the standard error stream.";
  return "";
}

}  // namespace muster
