// Writes the manual page from the tables of flags, keys and paths that the
// exporter itself uses.

#include "config/config.hpp"
#include "pages/routes.hpp"

#include <iostream>

namespace {

using betanet::config::documented;

/// Escapes the characters that mdoc(7) would read as markup.
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

/// Writes the page to stdout. The arguments are the version and the date.
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
         "The exporter polls three JSON endpoints of a Betanet service "
         "periodically, keeps the latest values in memory and serves them "
         "at\n.Pa /metrics ,\neven while the service does not answer.\n";
  section("OPTIONS",
          "A flag has priority over its environment variable, the variable "
          "over the configuration file, and the file over the default.",
          documented_flags(), "--");
  std::cout << ".Sh ENVIRONMENT\n"
               "Each flag has a variable. Its name is\n.Ev BETANET_EXPORTER_\n"
               "followed by the flag in capital letters, with underscores for "
               "dots and dashes. The items of a list are separated by "
               "commas.\n.Ev BETANET_URL\nalso sets\n.Sy "
               "\\-\\-betanet.url .\n";
  section("CONFIGURATION FILE",
          "The format is YAML. Durations are written as in 250ms, 15s or "
          "1m30s. In values, ${NAME} is replaced by the value of the "
          "environment variable and $$ by a dollar sign. A target may also "
          "have its own keys of collection, retry, circuit_breaker and cache.",
          documented_keys(), "");
  section("WEB CONFIGURATION FILE",
          "The format is that of Prometheus's exporter-toolkit. The file is "
          "read again when it changes.",
          documented_web_keys(), "");
  std::cout << ".Sh PATHS\n.Bl -tag -width Ds\n";
  for (const auto& r : betanet::pages::route_table)
    std::cout << ".It " << (r.is_post ? "POST" : "GET") << " Pa " << r.path
              << "\n"
              << plain(std::string{r.help})
              << (r.needs_login ? "" : " No login is needed.") << "\n";
  std::cout << ".El\n";
  std::cout << ".Sh SIGNALS\n.Bl -tag -width Ds\n"
               ".It Dv SIGHUP\nReloads the configuration.\n"
               ".It Dv SIGTERM , SIGINT\nFinishes the responses that are being "
               "sent and exits with status 0 within two seconds.\n.El\n"
               ".Sh EXIT STATUS\nThe status is 0 after a signal and 1 after an "
               "error.\nWith\n.Sy \\-\\-healthcheck\nit is 0 if the running "
               "exporter is healthy and else 1.\nWith\n.Sy \\-\\-probe\n"
               "it is 0 if all polls were good and else 1.\n"
               ".Sh FILES\n.Pa /etc/betanet_exporter/betanet_exporter.yml\n"
               "is the configuration file of the container image.\n"
               ".Sh SEE ALSO\n.Xr prometheus 1\n";
}
