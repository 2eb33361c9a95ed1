// SPDX-License-Identifier: Apache-2.0
// The command line. Each sub-command is a function elsewhere; this file says
// what they are called and hands them their options.
#include <CLI/CLI.hpp>
#include <iostream>
#include <map>
#include <string>

#include "server/cli/explain.h"
#include "server/cli/plan.h"
#include "server/cli/simulate.h"
#include "server/config/config.h"
#include "server/log/log.h"
#include "server/serve/serve.h"

namespace muster {
namespace {

struct ServeFlags {
  std::string config;
  std::string kubeconfig;
  std::vector<std::string> cluster;
  std::string http;
  std::string grpc;
  std::string port_file;
  bool print_config = false;
};

int Fail(const absl::Status& status) {
  std::cerr << "muster: " << status.message() << "\n";
  return 2;
}

// Adds -o, --output with the words in `formats`, a map that outlives the
// command.
template <typename Format>
void AddFormat(CLI::App& command, const std::map<std::string, Format>& formats, Format& format) {
  std::vector<std::string> words;
  for (const auto& [word, meant] : formats) words.push_back(word);
  command
      .add_option_function<std::string>(
          "-o,--output", [&formats, &format](const std::string& word) { format = formats.at(word); },
          "one of " + CLI::detail::join(words, ", "))
      ->check(CLI::IsMember(words))
      ->option_text("FORMAT");
}

int RunServe(const ServeFlags& flags) {
  absl::StatusOr<Config> config =
      flags.config.empty() ? absl::StatusOr<Config>(Config()) : LoadConfig(flags.config);
  if (!config.ok()) return Fail(config.status());
  if (!flags.kubeconfig.empty()) config->cluster = {.kubeconfig = flags.kubeconfig, .files = {}};
  if (!flags.cluster.empty()) config->cluster = {.kubeconfig = "", .files = flags.cluster};
  if (!flags.http.empty()) config->extender.listen = flags.http;
  if (!flags.grpc.empty()) config->grpc.listen = flags.grpc;
  if (absl::Status fit = CheckConfig(*config); !fit.ok()) return Fail(fit);
  if (flags.print_config) {
    std::cout << DescribeConfig(*config);
    return 0;
  }
  StartLog(config->log.level, config->log.format);
  const absl::Status status = Serve(*config, flags.port_file);
  return status.ok() ? 0 : Fail(status);
}

void AddServe(CLI::App& app, int& exit) {
  auto flags = std::make_shared<ServeFlags>();
  CLI::App* serve =
      app.add_subcommand("serve", "answer kube-scheduler's extender calls over HTTP, and everyone over gRPC");
  serve->footer(
      "Examples:\n"
      "  muster serve                                   in a pod, with the pod's service account\n"
      "  muster serve --kubeconfig ~/.kube/config       beside a cluster\n"
      "  muster serve --cluster nodes.yaml pods.yaml    over a cluster read from files, kept in memory\n"
      "  muster serve --print-config                    every option, explained");
  serve->add_option("--config", flags->config, "configuration file (YAML)");
  CLI::Option* kubeconfig = serve->add_option(
      "--kubeconfig", flags->kubeconfig, "how to reach the API server; default: the pod's service account");
  serve
      ->add_option("--cluster", flags->cluster,
                   "manifests of a cluster to serve from memory, instead of an API server")
      ->excludes(kubeconfig);
  serve->add_option("--http", flags->http, "HOST:PORT for kube-scheduler; port 0 takes a free one");
  serve->add_option("--grpc", flags->grpc, "HOST:PORT for gRPC; port 0 takes a free one");
  serve->add_option("--port-file", flags->port_file, "file to write the ports to once they are listened on");
  serve->add_flag("--print-config", flags->print_config,
                  "print the effective configuration with all options explained");
  serve->callback([flags, &exit] { exit = RunServe(*flags); });
}

void AddPlan(CLI::App& app, int& exit) {
  auto options = std::make_shared<cli::PlanOptions>();
  CLI::App* plan = app.add_subcommand("plan", "say which pending gangs of a cluster in files fit, and where");
  plan->footer(
      "Exit status: 0 if everything fits, 1 if something does not, 2 for bad input.\n"
      "Example:\n"
      "  kubectl get nodes,pods,podgroups -A -o yaml | muster plan -f - -f pods-of-a-new-job.yaml");
  plan->add_option("-f,--file", options->files, "manifests in YAML or JSON; - is the standard input")
      ->required();
  plan->add_option("--config", options->config,
                   "configuration of muster serve: its topology counts here as well");
  static const std::map<std::string, cli::PlanFormat> formats = {
      {"table", cli::PlanFormat::kTable}, {"json", cli::PlanFormat::kJson}, {"yaml", cli::PlanFormat::kYaml}};
  AddFormat(*plan, formats, options->format);
  plan->callback([options, &exit] { exit = cli::Plan(*options, std::cout, std::cerr); });
}

void AddServer(CLI::App& command, std::string& server, cli::ServerKeys& keys) {
  server = "127.0.0.1:9090";
  command.add_option("--server", server, "HOST:PORT of the server's gRPC port");
  command.add_option("--ca", keys.ca, "for a server with TLS: file with the authority that vouches for it");
  CLI::Option* certificate = command.add_option("--cert", keys.certificate,
                                                "file with a certificate, where the server asks for one");
  CLI::Option* key = command.add_option("--key", keys.key, "file with its key");
  certificate->needs(key);
  key->needs(certificate);
}

void AddSimulate(CLI::App& app, int& exit) {
  auto options = std::make_shared<cli::SimulateOptions>();
  CLI::App* simulate = app.add_subcommand(
      "simulate", "let GPU pods come to a cluster and say how much of the GPUs is made use of");
  simulate->footer(cli::SimulateHelp());
  simulate->add_option("--protocol", options->protocol, "what is simulated")
      ->check(CLI::IsMember({"fgd", "mig-loss"}))
      ->option_text("fgd|mig-loss");
  simulate->add_option("--nodes", options->nodes, "fgd: the trace's nodes (CSV)")->option_text("FILE");
  simulate->add_option("--pods", options->pods, "fgd: the trace's pods (CSV)")->option_text("FILE");
  simulate->add_option("--seeds", options->seeds, "how many runs, each in another order (10)");
  simulate->add_option("--load", options->load, "mig-loss: what pods ask for by what there is (1.2)");
  simulate->add_option("--policy", options->policies, "who chooses; again for more to compare (muster)")
      ->option_text("NAME");
  static const std::map<std::string, cli::SimulateFormat> formats = {{"table", cli::SimulateFormat::kTable},
                                                                     {"json", cli::SimulateFormat::kJson},
                                                                     {"csv", cli::SimulateFormat::kCsv}};
  AddFormat(*simulate, formats, options->format);
  simulate->callback([options, &exit] { exit = cli::Simulate(*options, std::cout, std::cerr); });
}

const std::map<std::string, cli::ReportFormat>& ReportFormats() {
  static const std::map<std::string, cli::ReportFormat> formats = {{"text", cli::ReportFormat::kText},
                                                                   {"json", cli::ReportFormat::kJson}};
  return formats;
}

void AddExplain(CLI::App& app, int& exit) {
  auto options = std::make_shared<cli::ExplainOptions>();
  CLI::App* explain = app.add_subcommand("explain", "ask a running server why a gang is where it is");
  explain->footer("Example:\n  muster explain default/train --server 127.0.0.1:9090");
  explain->add_option("subject", options->subject, "NS/NAME of a gang, or pod/NS/NAME of a member")
      ->required();
  AddServer(*explain, options->server, options->keys);
  AddFormat(*explain, ReportFormats(), options->format);
  explain->callback([options, &exit] {
    const absl::Status status = cli::Explain(*options, std::cout);
    exit = status.ok() ? 0 : Fail(status);
  });
}

void AddGangs(CLI::App& app, int& exit) {
  auto options = std::make_shared<cli::GangsOptions>();
  auto watch = std::make_shared<bool>(false);
  CLI::App* gangs = app.add_subcommand("gangs", "list the gangs that a running server knows");
  gangs->add_flag("-w,--watch", *watch, "go on with every change");
  AddServer(*gangs, options->server, options->keys);
  AddFormat(*gangs, ReportFormats(), options->format);
  gangs->callback([options, watch, &exit] {
    const absl::Status status =
        *watch ? cli::WatchGangs(*options, std::cout) : cli::ListGangs(*options, std::cout);
    exit = status.ok() ? 0 : Fail(status);
  });
}

// The boundary at which CLI11's exceptions become an exit status.
int Main(int argc, char** argv) {
  CLI::App app("Muster makes the stock kube-scheduler place whole jobs: all members of a gang, or none.",
               "muster");
  app.require_subcommand(1);
  app.set_version_flag("--version", MUSTER_VERSION);
  app.option_defaults()->always_capture_default(false);
  int exit = 0;
  AddServe(app, exit);
  AddPlan(app, exit);
  AddSimulate(app, exit);
  AddExplain(app, exit);
  AddGangs(app, exit);
  if (argc == 1) {
    std::cerr << app.help();
    return 2;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    const int shown = app.exit(e);
    return shown == 0 ? 0 : 2;
  }
  return exit;
}

}  // namespace
}  // namespace muster

int main(int argc, char** argv) { return muster::Main(argc, argv); }
