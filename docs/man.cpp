// Writes the manual page, from the tables that the program itself reads its
// flags and keys by.

#include "config/config.hpp"

#include <iostream>

namespace {

using betanet::config::documented;

/// Text that is no markup.
std::string plain(const std::string& text) {
  std::string out;
  for (const char c : text)
    out += c == '-' ? "\\-" : c == '\\' ? "\\e" : std::string{c};
  return out.starts_with('.') || out.starts_with('\'') ? "\\&" + out : out;
}

void section(const std::string& title, const std::string& about,
             const std::vector<documented>& all, const std::string& prefix) {
  std::cout << ".Sh " << title << "\n" << about << "\n.Bl -tag -width Ds\n";
  for (const auto& d : all) {
    std::cout << ".It Sy " << plain(prefix + d.name);
    if (!d.fallback.empty())
      std::cout << " Pq default " << plain(d.fallback);
    std::cout << "\n" << plain(d.help) << "\n";
  }
  std::cout << ".El\n";
}

} // namespace

/// Version and date.
int main(int, char** argv) {
  using namespace betanet::config;
  std::cout
      << ".Dd " << argv[2]
      << "\n"
         ".Dt BETANET_EXPORTER 1\n.Os betanet_exporter "
      << argv[1]
      << "\n.Sh NAME\n.Nm betanet_exporter\n"
         ".Nd Prometheus exporter for the Betanet mixnet service\n"
         ".Sh SYNOPSIS\n.Nm\n.Op Fl \\-flag Ns = Ns Ar value ...\n"
         ".Sh DESCRIPTION\n"
         "It polls three JSON endpoints of a Betanet service on its own clock, "
         "keeps the latest values and answers\n.Pa /metrics\n"
         "from memory, whatever the service does.\n";
  section("OPTIONS",
          "A flag beats its environment variable, which beats the file, which "
          "beats the default.",
          documented_flags(), "--");
  std::cout << ".Sh ENVIRONMENT\n"
               "Each flag has a variable:\n.Ev BETANET_EXPORTER_\n"
               "and the flag in capitals, dots and dashes as underscores; "
               "lists are comma separated.\n.Ev BETANET_URL\nis\n.Sy "
               "\\-\\-betanet.url .\n";
  section("CONFIGURATION FILE",
          "YAML. Durations are such as 250ms, 15s or 1m30s. In values "
          "${NAME} is the environment's and $$ a dollar. A target has the keys "
          "of collection, retry, circuit_breaker and cache of its own, too.",
          documented_keys(), "");
  section("WEB CONFIGURATION FILE",
          "The format of Prometheus's exporter-toolkit; read again when it "
          "changes.",
          documented_web_keys(), "");
  std::cout << ".Sh PATHS\n.Bl -tag -width Ds\n"
               ".It Pa /metrics\nThe metrics; with\n.Ql ?target=NAME\nof one "
               "target.\n"
               ".It Pa /health , /-/healthy , /-/ready\nHow the exporter is; "
               "no login "
               "is needed.\n"
               ".It Pa /-/reload\nPOST: reads the configuration again.\n"
               ".It Pa /config , /sd , /\nThe running configuration, service "
               "discovery, a status page.\n.El\n";
  std::cout << ".Sh SIGNALS\n.Bl -tag -width Ds\n"
               ".It Dv SIGHUP\nReads the configuration again.\n"
               ".It Dv SIGTERM , SIGINT\nFinishes what is in flight and exits "
               "with 0 within two seconds.\n.El\n"
               ".Sh EXIT STATUS\n0 after a signal, 1 after an error; "
               "with\n.Sy \\-\\-healthcheck\n0 if the exporter is healthy.\n"
               ".Sh FILES\n.Pa /etc/betanet_exporter/betanet_exporter.yml\n"
               "is where the container image looks.\n"
               ".Sh SEE ALSO\n.Xr prometheus 1\n";
}
