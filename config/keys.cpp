#include "config/keys.hpp"

#include "config/key_kinds.hpp"

#include <algorithm>

namespace betanet::config {

namespace {

// -- checks of single values -------------------------------------------------

double parse_jitter(const std::string& text) {
  const double x = parse_number(text);
  if (x < 0 || x > 1)
    throw std::invalid_argument(text + " is not between 0 and 1");
  return x;
}

void add_bucket(std::vector<double>& buckets, const std::string& text) {
  const double bound = parse_number(text);
  if (!buckets.empty() && bound <= buckets.back())
    throw std::invalid_argument(text + " is not above the bucket before it");
  if (buckets.size() == 64)
    throw std::invalid_argument("more than 64 buckets");
  buckets.push_back(bound);
}

void add_delay(std::vector<duration>& delays, const std::string& text) {
  if (delays.size() == 16)
    throw std::invalid_argument("more than 16 delays");
  delays.push_back(bounded_duration(text, 0s, 1h));
}

void set_telemetry_path(web& w, const std::string& text) {
  const auto& reserved = w.reserved_paths;
  if (std::find(reserved.begin(), reserved.end(), text) != reserved.end())
    throw std::invalid_argument("\"" + text + "\" is the path of another page");
  w.telemetry_path = parse_path(text);
}

void add_listen_address(web& w, const std::string& text) {
  const auto address = parse_listen_address(text);
  auto& all = w.listen_addresses;
  if (std::find(all.begin(), all.end(), address) != all.end())
    throw std::invalid_argument("\"" + text + "\" is there twice");
  all.push_back(address);
}

} // namespace

std::string parse_token(const std::string& text) {
  const bool good = std::all_of(text.begin(), text.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) ||
           std::string_view{"!#$%&'*+-.^_`|~"}.find(c) != std::string::npos;
  });
  if (text.empty() || !good)
    throw std::invalid_argument("\"" + text + "\" is not a token of HTTP");
  return text;
}

std::string parse_path(const std::string& text) {
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
    return c > ' ' && c < 0x7f && c != '?' && c != '#' && c != '"' &&
           c != '<' && c != '>';
  });
  if (text.empty() || text[0] != '/' || !plain)
    throw std::invalid_argument("\"" + text +
                                "\" is not a path such as /metrics");
  return text;
}

const std::vector<key<polling>>& polling_keys() {
  static const words<parse_fallback> fallbacks{
      {"last_known", parse_fallback::last_known},
      {"default", parse_fallback::default_value},
      {"omit", parse_fallback::omit}};
  static const std::vector<key<polling>> all{
      duration_key<polling>(
          "collection.interval", "Time between two collections of a target.",
          10ms, 24h, [](auto& p) -> auto& { return p.collection.interval; }),
      duration_key<polling>(
          "collection.timeout",
          "Limit of one request: resolve, connect, TLS, write and read "
          "together.",
          1ms, 24h, [](auto& p) -> auto& { return p.collection.timeout; }),
      int_key<polling>(
          "collection.max_body_bytes", "Largest response body, bytes.",
          std::uint64_t{1024}, std::uint64_t{1} << 30,
          [](auto& p) -> auto& { return p.collection.max_body_bytes; }),
      word_key<polling>(
          "collection.parse_fallback",
          "What stands for a field the answer did not give: "
          "last_known, default or omit.",
          fallbacks, [](auto& p) -> auto& { return p.collection.fallback; }),
      {"collection.latency_buckets",
       "Upper bounds of the latency histogram, seconds, ascending.", true,
       [](polling& p, const std::string& s) {
         add_bucket(p.collection.latency_buckets, s);
       },
       [](polling& p) { p.collection.latency_buckets.clear(); },
       [](const polling& p) {
         return print_list(p.collection.latency_buckets, print_number);
       }},
      {"retry.delays", "Pauses after failed attempts 1, 2, ...; [] = no retry.",
       true,
       [](polling& p, const std::string& s) { add_delay(p.retry.delays, s); },
       [](polling& p) { p.retry.delays.clear(); },
       [](const polling& p) {
         return print_list(p.retry.delays, print_duration);
       }},
      {"retry.jitter",
       "Each pause is multiplied by 1 + jitter * u, u uniform in [-1, 1].",
       false,
       [](polling& p, const std::string& s) {
         p.retry.jitter = parse_jitter(s);
       },
       {},
       [](const polling& p) { return print_number(p.retry.jitter); }},
      int_key<polling>(
          "circuit_breaker.failure_threshold",
          "Consecutive failed polls that open an endpoint's "
          "breaker.",
          1, 2147483647,
          [](auto& p) -> auto& { return p.circuit_breaker.failure_threshold; }),
      duration_key<polling>(
          "circuit_breaker.open_duration", "Time from opening to the probe.",
          1ms, 24h,
          [](auto& p) -> auto& { return p.circuit_breaker.open_duration; }),
      duration_key<polling>(
          "cache.ttl", "Values younger than this are fresh hits.", 0s, 24h,
          [](auto& p) -> auto& { return p.cache.ttl; }),
      {"cache.max_stale",
       "How long values of a failing endpoint are served, or forever.",
       false,
       [](polling& p, const std::string& s) {
         p.cache.max_stale.reset();
         if (s != "forever")
           p.cache.max_stale = parse_duration(s);
       },
       {},
       [](const polling& p) -> std::string {
         return p.cache.max_stale ? print_duration(*p.cache.max_stale)
                                  : "forever";
       }},
  };
  return all;
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
       "Where the exporter listens; :9200 is dual stack.", true,
       [](settings& s, const std::string& v) { add_listen_address(s.web, v); },
       [](settings& s) { s.web.listen_addresses.clear(); },
       [](const settings& s) {
         return print_list(s.web.listen_addresses, [](const listen_address& a) {
           return to_string(a);
         });
       }},
      {"web.telemetry_path",
       "Path of the metrics.",
       false,
       [](settings& s, const std::string& v) { set_telemetry_path(s.web, v); },
       {},
       [](const settings& s) { return s.web.telemetry_path; }},
      {"web.config_file",
       "File with TLS, logins and headers of the exporter's own listener.",
       false,
       [](settings& s, const std::string& v) { s.web.config_file = v; },
       {},
       [](const settings& s) { return s.web.config_file; }},
      int_key<settings>(
          "web.max_requests",
          "Scrapes waiting for slow clients at most; 0 = no "
          "limit.",
          0, 1'000'000, [](auto& s) -> auto& { return s.web.max_requests; }),
      int_key<settings>(
          "web.max_connections", "Open connections at most.", 1, 1'000'000,
          [](auto& s) -> auto& { return s.web.max_connections; }),
      int_key<settings>(
          "web.max_header_bytes", "Largest request header block, bytes.", 256,
          1 << 20, [](auto& s) -> auto& { return s.web.max_header_bytes; }),
      int_key<settings>(
          "web.max_headers", "Header fields at most.", 1, 10'000,
          [](auto& s) -> auto& { return s.web.max_headers; }),
      duration_key<settings>(
          "web.header_timeout", "Limit for a complete request header.", 1ms,
          24h, [](auto& s) -> auto& { return s.web.header_timeout; }),
      duration_key<settings>(
          "web.idle_timeout", "How long an idle connection is kept.", 1ms, 24h,
          [](auto& s) -> auto& { return s.web.idle_timeout; }),
      duration_key<settings>(
          "web.write_timeout", "Limit for writing one response.", 1ms, 24h,
          [](auto& s) -> auto& { return s.web.write_timeout; }),
      int_key<settings>(
          "web.max_requests_per_connection",
          "Requests after which a connection is closed.", 1, 1'000'000'000,
          [](auto& s) -> auto& { return s.web.max_requests_per_connection; }),
      word_key<settings>(
          "log.level", "debug, info, warn or error.", levels,
          [](auto& s) -> auto& { return s.log.level; }),
      word_key<settings>(
          "log.format", "logfmt or json.", formats,
          [](auto& s) -> auto& { return s.log.format; }),
      {"log.file",
       "Also log to this file.",
       false,
       [](settings& s, const std::string& v) { s.log.file = v; },
       {},
       [](const settings& s) { return s.log.file; }},
      int_key<settings>(
          "log.max_bytes", "Size at which the file is rotated.",
          std::uint64_t{1024}, std::uint64_t{1} << 40,
          [](auto& s) -> auto& { return s.log.max_bytes; }),
      int_key<settings>(
          "log.files", "Files kept, the current one included.", 1, 1000,
          [](auto& s) -> auto& { return s.log.files; }),
      word_key<settings>(
          "metrics.detail",
          "compact sums the exporter's own counters over the "
          "targets.",
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
  if (key_name == "collection.latency_buckets" || key_name == "log.max_bytes" ||
      key_name == "log.files" || key_name.starts_with("web."))
    return {};
  return key_name;
}

const std::vector<std::string>& unsupported_keys() {
  static const auto all = [] {
    std::vector<std::string> keys{
        "target.replicas",        "target_files", "http_sd", "sd", "load",
        "collection.timeout_mode"};
    for (const auto* name :
         {"oauth2", "bearer_token", "bearer_token_file", "follow_redirects",
          "enable_http2", "proxy_url", "no_proxy", "proxy_from_environment",
          "proxy_connect_header"})
      keys.push_back(std::string{"target.http_client_config."} + name);
    for (const auto* name : {"basic_auth.username", "basic_auth.password",
                             "authorization.credentials", "tls_config.ca",
                             "tls_config.cert", "tls_config.key"})
      keys.push_back(std::string{name} + "_ref");
    return keys;
  }();
  return all;
}

const std::vector<std::string>& unsupported_flags() {
  static const std::vector<std::string> all{
      "shard.count", "shard.index", "shard.replication", "shard.algorithm",
      "shard.count-file"};
  return all;
}

} // namespace betanet::config
