#include "config/keys.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace betanet::config {

namespace {

// -- values ------------------------------------------------------------------

template <class Int>
Int parse_int(const std::string& text, Int least, Int most) {
  Int n{};
  const auto* end = text.data() + text.size();
  const auto [rest, ec] = std::from_chars(text.data(), end, n);
  if (text.empty() || rest != end || ec == std::errc::invalid_argument)
    throw std::invalid_argument("\"" + text + "\" is no whole number");
  if (ec != std::errc{} || n < least || n > most)
    throw std::invalid_argument(text + " is not between " +
                                std::to_string(least) + " and " +
                                std::to_string(most));
  return n;
}

double parse_number(const std::string& text) {
  double x{};
  const auto* end = text.data() + text.size();
  const auto [rest, ec] = std::from_chars(text.data(), end, x);
  if (text.empty() || rest != end || ec != std::errc{} || !std::isfinite(x))
    throw std::invalid_argument("\"" + text + "\" is no finite number");
  return x;
}

std::string print_number(double x) {
  std::array<char, 32> buffer;
  const auto [end, ec] =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), x);
  return {buffer.data(), end};
}

duration bounded_duration(const std::string& text, duration least,
                          duration most) {
  const auto d = parse_duration(text);
  if (d < least || d > most)
    throw std::invalid_argument(text + " is not between " +
                                print_duration(least) + " and " +
                                print_duration(most));
  return d;
}

template <class Enum>
using words = std::vector<std::pair<std::string, Enum>>;

template <class Enum>
Enum parse_word(const std::string& text, const words<Enum>& known) {
  std::vector<std::string> names;
  for (const auto& [word, value] : known) {
    if (word == text)
      return value;
    names.push_back(word);
  }
  std::string all;
  for (const auto& n : names)
    all += (all.empty() ? "" : ", ") + n;
  throw std::invalid_argument("\"" + text + "\" is none of " + all);
}

template <class Enum>
std::string print_word(Enum value, const words<Enum>& known) {
  return std::find_if(known.begin(), known.end(),
                      [&](const auto& w) { return w.second == value; })
      ->first;
}

template <class List, class Print>
std::string print_list(const List& items, Print print) {
  std::string text;
  for (const auto& item : items)
    text += (text.empty() ? "" : ",") + print(item);
  return text.empty() ? "[]" : text;
}

// -- kinds of keys -----------------------------------------------------------
// `at` finds the member: at(T&) gives a reference to it.

template <class T, class At>
key<T> duration_key(std::string name, std::string help, duration least,
                    duration most, At at) {
  return {std::move(name),
          std::move(help),
          false,
          [=](T& t, const std::string& s) {
            at(t) = bounded_duration(s, least, most);
          },
          {},
          [=](const T& t) { return print_duration(at(t)); }};
}

template <class T, class At, class Int>
key<T> int_key(std::string name, std::string help, Int least, Int most, At at) {
  return {
      std::move(name),
      std::move(help),
      false,
      [=](T& t, const std::string& s) { at(t) = parse_int(s, least, most); },
      {},
      [=](const T& t) { return std::to_string(at(t)); }};
}

template <class T, class At, class Enum>
key<T> word_key(std::string name, std::string help, words<Enum> known, At at) {
  return {std::move(name),
          std::move(help),
          false,
          [=](T& t, const std::string& s) { at(t) = parse_word(s, known); },
          {},
          [=](const T& t) { return print_word(at(t), known); }};
}

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

/// A leading dot would match any subdomain, NUL the end of the name.
std::string parse_server_name(const std::string& text) {
  const bool good = std::all_of(text.begin(), text.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) ||
           std::string_view{"-._:"}.find(c) != std::string::npos;
  });
  if (!good || text.starts_with('.'))
    throw std::invalid_argument("no name of a host, and no address");
  return text;
}

std::string parse_telemetry_path(const std::string& text) {
  for (const auto* taken : {"/", "/health", "/-/healthy", "/-/ready",
                            "/-/reload", "/config", "/sd"})
    if (text == taken)
      throw std::invalid_argument("\"" + text + "\" has another meaning");
  return parse_path(text);
}

/// `:9200`, `host:9200`, `127.0.0.1:9200`, `[::1]:9200`.
std::string parse_listen_address(const std::string& text) {
  const auto colon = text.rfind(':');
  const auto host = text.substr(0, std::min(colon, text.size()));
  const bool bracketed =
      host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (colon == std::string::npos ||
      (host.find(':') != std::string::npos && !bracketed))
    throw std::invalid_argument("\"" + text +
                                "\" is no address such as :9200 or [::1]:9200");
  parse_int(text.substr(colon + 1), 0, 65535);
  return text;
}

} // namespace

std::string parse_token(const std::string& text) {
  const bool good = std::all_of(text.begin(), text.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) ||
           std::string_view{"!#$%&'*+-.^_`|~"}.find(c) != std::string::npos;
  });
  if (text.empty() || !good)
    throw std::invalid_argument("\"" + text + "\" is no token of HTTP");
  return text;
}

std::string parse_path(const std::string& text) {
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
    return c > ' ' && c < 0x7f && c != '?' && c != '#' && c != '"' &&
           c != '<' && c != '>';
  });
  if (text.empty() || text[0] != '/' || !plain)
    throw std::invalid_argument("\"" + text + "\" is no path such as /metrics");
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
       [](settings& s, const std::string& v) {
         s.web.listen_addresses.push_back(parse_listen_address(v));
       },
       [](settings& s) { s.web.listen_addresses.clear(); },
       [](const settings& s) {
         return print_list(s.web.listen_addresses,
                           [](const std::string& a) { return a; });
       }},
      {"web.telemetry_path",
       "Path of the metrics.",
       false,
       [](settings& s, const std::string& v) {
         s.web.telemetry_path = parse_telemetry_path(v);
       },
       {},
       [](const settings& s) { return s.web.telemetry_path; }},
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

namespace {

template <class At>
void add_secret(std::vector<key<http_client>>& to, const std::string& name,
                const std::string& what, At at) {
  to.push_back({name,
                what + ".",
                false,
                [=](http_client& c, const std::string& s) { at(c).text = s; },
                {},
                [=](const http_client& c) -> std::string {
                  return at(c).text.empty() ? "" : "<secret>";
                }});
  to.push_back({name + "_file",
                what + ", read from a file at each use.",
                false,
                [=](http_client& c, const std::string& s) { at(c).file = s; },
                {},
                [=](const http_client& c) { return at(c).file; }});
}

} // namespace

const std::vector<key<http_client>>& http_client_keys() {
  static const auto all = [] {
    static const words<tls_version> versions{{"TLS12", tls_version::tls12},
                                             {"TLS13", tls_version::tls13}};
    static const words<bool> flags{{"true", true}, {"false", false}};
    std::vector<key<http_client>> keys;
    add_secret(
        keys, "basic_auth.username", "User name of HTTP basic auth",
        [](auto& c) -> auto& { return c.basic_auth->username; });
    add_secret(
        keys, "basic_auth.password", "Password of HTTP basic auth",
        [](auto& c) -> auto& { return c.basic_auth->password; });
    keys.push_back(
        {"authorization.type",
         "Scheme of the Authorization header.",
         false,
         [](http_client& c, const std::string& s) {
           try {
             c.authorization->type = parse_token(s);
           } catch (const std::invalid_argument&) { // may hold a credential
             throw std::invalid_argument("no scheme such as Bearer");
           }
         },
         {},
         [](const http_client& c) { return c.authorization->type; }});
    add_secret(
        keys, "authorization.credentials",
        "Credentials of the Authorization header",
        [](auto& c) -> auto& { return c.authorization->credentials; });
    add_secret(
        keys, "tls_config.ca",
        "Authorities that may sign the server's certificate, PEM",
        [](auto& c) -> auto& { return c.tls_config.ca; });
    add_secret(
        keys, "tls_config.cert", "Client certificate, PEM",
        [](auto& c) -> auto& { return c.tls_config.cert; });
    add_secret(
        keys, "tls_config.key", "Key of the client certificate, PEM",
        [](auto& c) -> auto& { return c.tls_config.key; });
    keys.push_back(
        {"tls_config.server_name",
         "Name the server's certificate must have, instead of the URL's host.",
         false,
         [](http_client& c, const std::string& s) {
           c.tls_config.server_name = parse_server_name(s);
         },
         {},
         [](const http_client& c) { return c.tls_config.server_name; }});
    keys.push_back(word_key<http_client>(
        "tls_config.insecure_skip_verify",
        "Trust any server. Whoever sits in between reads the credentials.",
        flags,
        [](auto& c) -> auto& { return c.tls_config.insecure_skip_verify; }));
    keys.push_back(word_key<http_client>(
        "tls_config.min_version", "Least TLS version: TLS12 or TLS13.",
        versions, [](auto& c) -> auto& { return c.tls_config.min_version; }));
    keys.push_back(word_key<http_client>(
        "tls_config.max_version", "Highest TLS version: TLS12 or TLS13.",
        versions, [](auto& c) -> auto& { return c.tls_config.max_version; }));
    return keys;
  }();
  return all;
}

std::string flag_of(const std::string& key_name) {
  if (key_name == "web.listen_addresses")
    return "web.listen-address";
  if (key_name == "web.telemetry_path")
    return "web.telemetry-path";
  if (key_name == "web.max_requests")
    return "web.max-requests";
  if (key_name == "collection.latency_buckets" || key_name == "log.max_bytes" ||
      key_name == "log.files" || key_name.starts_with("web."))
    return {};
  return key_name;
}

const std::vector<std::string>& unsupported_keys() {
  static const auto all = [] {
    std::vector<std::string> keys{"web.config_file",
                                  "target.replicas",
                                  "target_files",
                                  "http_sd",
                                  "sd",
                                  "load",
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
      "web.config.file", "web.systemd-socket", "shard.count",
      "shard.index",     "shard.replication",  "shard.algorithm",
      "shard.count-file"};
  return all;
}

} // namespace betanet::config
