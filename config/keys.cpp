#include "config/key_kinds_impl.hpp"
#include "config/keys_impl.hpp"

#include <algorithm>

namespace betanet::config {

namespace {

// -- checks of single values -------------------------------------------------

void set_telemetry_path(web& w, const std::string& text) {
  const auto& reserved = w.reserved_paths;
  if (std::find(reserved.begin(), reserved.end(), text) != reserved.end())
    throw std::invalid_argument(quote(text) + " is the path of another page");
  w.telemetry_path = parse_path(text);
}

void set_external_url(web& w, const std::string& text) {
  w.external_url.reset();
  if (text.empty())
    return;
  try {
    w.external_url = parse_url(text);
  } catch (const std::invalid_argument&) {
    throw std::invalid_argument(
        "not the URL of this exporter, such as https://exporter.example/prefix "
        "without user name, query and fragment");
  }
}

void add_listen_address(web& w, const std::string& text) {
  const auto address = parse_listen_address(text);
  auto& all = w.listen_addresses;
  if (std::find(all.begin(), all.end(), address) != all.end())
    throw std::invalid_argument(quote(text) + " is listed twice");
  all.push_back(address);
}

} // namespace

std::string parse_token(const std::string& text) {
  const bool good = std::all_of(text.begin(), text.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) ||
           std::string_view{"!#$%&'*+-.^_`|~"}.find(c) != std::string::npos;
  });
  if (text.empty() || !good)
    throw std::invalid_argument(quote(text) +
                                " is not an HTTP token such as X-Tenant");
  return text;
}

std::string parse_path(const std::string& text) {
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
    return c > ' ' && c < 0x7f && c != '?' && c != '#' && c != '"' &&
           c != '<' && c != '>';
  });
  if (text.empty() || text[0] != '/' || !plain)
    throw std::invalid_argument(quote(text) +
                                " is not a path such as /metrics");
  return text;
}

const std::vector<key<settings>>& process_keys() {
  static const words<log_level> levels{{"debug", log_level::debug},
                                       {"info", log_level::info},
                                       {"warn", log_level::warn},
                                       {"error", log_level::error}};
  static const words<log_format> formats{{"logfmt", log_format::logfmt},
                                         {"json", log_format::json}};
  static const words<metrics_detail> details{
      {"full", metrics_detail::full}, {"compact", metrics_detail::compact}};
  static const std::vector<key<settings>> all{
      {"web.listen_addresses",
       "Addresses on which the exporter listens; :9200 means all IPv4 and IPv6 "
       "addresses.",
       true,
       [](settings& s, const std::string& v) { add_listen_address(s.web, v); },
       [](settings& s) { s.web.listen_addresses.clear(); },
       [](const settings& s) {
         return print_list(s.web.listen_addresses, [](const listen_address& a) {
           return to_string(a);
         });
       },
       "ADDRESS,..."},
      {"web.telemetry_path",
       "Path of the metrics page.",
       false,
       [](settings& s, const std::string& v) { set_telemetry_path(s.web, v); },
       {},
       [](const settings& s) { return s.web.telemetry_path; },
       "PATH"},
      {"web.config_file",
       "File that configures TLS, logins and headers of the exporter's web "
       "server.",
       false,
       [](settings& s, const std::string& v) { s.web.config_file = v; },
       {},
       [](const settings& s) { return s.web.config_file; },
       "FILE"},
      {"web.external_url",
       "URL under which Prometheus reaches the exporter, for /sd; without it, "
       "the Host of the request.",
       false,
       [](settings& s, const std::string& v) { set_external_url(s.web, v); },
       {},
       [](const settings& s) -> std::string {
         return s.web.external_url ? to_string(*s.web.external_url) : "";
       },
       "URL"},
      word_key<settings>(
          "web.disable_exporter_metrics",
          "Leave out the metrics about the exporter's process and its web "
          "server.",
          truth,
          [](auto& s) -> auto& { return s.web.disable_exporter_metrics; }),
      int_key<settings>(
          "web.max_requests",
          "Largest number of unfinished responses to slow scrapers; above it, "
          "scrapes get 503. 0 = no limit.",
          0, 1'000'000, [](auto& s) -> auto& { return s.web.max_requests; }),
      int_key<settings>(
          "web.max_connections", "Largest number of open connections.", 1,
          1'000'000, [](auto& s) -> auto& { return s.web.max_connections; }),
      int_key<settings>(
          "web.max_connections_per_address",
          "Largest number of open connections from one address; an IPv6 /64 "
          "network is one address.",
          1, 1'000'000,
          [](auto& s) -> auto& { return s.web.max_connections_per_address; }),
      int_key<settings>(
          "web.max_page_bytes",
          "Largest size in bytes of all pages that are kept for slow clients; "
          "above it, the slowest are disconnected.",
          1 << 20, 1 << 30,
          [](auto& s) -> auto& { return s.web.max_page_bytes; }),
      int_key<settings>(
          "web.max_header_bytes", "Largest size of a request header in bytes.",
          256, 1 << 20,
          [](auto& s) -> auto& { return s.web.max_header_bytes; }),
      int_key<settings>(
          "web.max_headers", "Largest number of header fields in a request.", 1,
          10'000, [](auto& s) -> auto& { return s.web.max_headers; }),
      duration_key<settings>(
          "web.header_timeout",
          "Time limit for receiving a complete request header.", 1ms, 24h,
          [](auto& s) -> auto& { return s.web.header_timeout; }),
      duration_key<settings>(
          "web.idle_timeout", "How long an idle connection is kept open.", 1ms,
          24h, [](auto& s) -> auto& { return s.web.idle_timeout; }),
      duration_key<settings>(
          "web.write_timeout", "Time limit for writing one response.", 1ms, 24h,
          [](auto& s) -> auto& { return s.web.write_timeout; }),
      int_key<settings>(
          "web.max_requests_per_connection",
          "Number of requests after which a connection is closed.", 1,
          1'000'000'000,
          [](auto& s) -> auto& { return s.web.max_requests_per_connection; }),
      word_key<settings>(
          "log.level",
          "Lowest level of the lines that are logged: debug, info, warn or "
          "error.",
          levels, [](auto& s) -> auto& { return s.log.level; }),
      word_key<settings>(
          "log.format", "Format of the log lines: logfmt or json.", formats,
          [](auto& s) -> auto& { return s.log.format; }),
      {"log.file",
       "File to which the log is written, in addition to stderr.",
       false,
       [](settings& s, const std::string& v) { s.log.file = v; },
       {},
       [](const settings& s) { return s.log.file; },
       "FILE"},
      int_key<settings>(
          "log.max_bytes", "Size in bytes at which the log file is rotated.",
          std::uint64_t{1024}, std::uint64_t{1} << 40,
          [](auto& s) -> auto& { return s.log.max_bytes; }),
      int_key<settings>(
          "log.files",
          "Number of log files that are kept, the current one included.", 1,
          1000, [](auto& s) -> auto& { return s.log.files; }),
      word_key<settings>(
          "metrics.detail",
          "full shows the exporter's own counters for each target, compact "
          "their sums over all targets.",
          details, [](auto& s) -> auto& { return s.metrics.detail; }),
  };
  return all;
}

std::string flag_of(const std::string& key_name) {
  if (key_name == "web.listen_addresses")
    return "web.listen-address";
  if (key_name == "web.telemetry_path")
    return "web.telemetry-path";
  if (key_name == "web.config_file")
    return "web.config.file";
  if (key_name == "web.max_requests")
    return "web.max-requests";
  if (key_name == "web.external_url")
    return "web.external-url";
  if (key_name == "collection.latency_buckets" || key_name == "log.max_bytes" ||
      key_name == "log.files" || key_name.starts_with("web."))
    return {};
  auto flag = key_name;
  std::replace(flag.begin(), flag.end(), '_', '-');
  return flag;
}

const std::vector<std::string>& unsupported_keys() {
  static const auto all = [] {
    std::vector<std::string> keys{"sd", "load"};
    for (const auto* name :
         {"oauth2", "bearer_token", "bearer_token_file", "follow_redirects",
          "enable_http2", "proxy_url", "no_proxy", "proxy_from_environment",
          "proxy_connect_header"})
      for (const auto* block : {"target", "http_sd"})
        keys.push_back(std::string{block} + ".http_client_config." + name);
    for (const auto* name : {"basic_auth.username", "basic_auth.password",
                             "authorization.credentials", "tls_config.ca",
                             "tls_config.cert", "tls_config.key"})
      for (const auto* block : {"target", "http_sd"})
        keys.push_back(std::string{block} + ".http_client_config." + name +
                       "_ref");
    return keys;
  }();
  return all;
}

const std::vector<std::string>& unsupported_flags() {
  static const std::vector<std::string> all{
      "shard.replication", "shard.algorithm", "shard.count-file"};
  return all;
}

} // namespace betanet::config
