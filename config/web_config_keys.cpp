#include "config/key_kinds_impl.hpp"
#include "config/web_config_keys_impl.hpp"

#include <limits>

namespace betanet::config {

namespace {

/// When a file that the web configuration names is read, for the help text.
constexpr auto on_change = "read again when it changes";

/// Parses the digits and units of a duration such as `1m30s`, in nanoseconds.
double parse_units(const std::string& text) {
  static const words<double> units{{"ns", 1},       {"us", 1e3}, {"ms", 1e6},
                                   {"s", 1e9},      {"m", 60e9}, {"h", 3600e9},
                                   {"\u00b5s", 1e3}};
  double sum = 0;
  for (std::size_t at = 0; at < text.size();) {
    const auto unit_at =
        std::min(text.find_first_not_of("0123456789.", at), text.size());
    const auto next =
        std::min(text.find_first_of("0123456789.", unit_at), text.size());
    const auto unit = text.substr(unit_at, next - unit_at);
    const auto known =
        std::find_if(units.begin(), units.end(),
                     [&](const auto& u) { return u.first == unit; });
    if (known == units.end() || unit_at == at)
      throw std::invalid_argument(quote(text) +
                                  " is not a duration such as 250ms or 1.5s");
    sum += parse_number(text.substr(at, unit_at - at)) * known->second;
    at = next;
  }
  return sum;
}

/// Parses a duration as the exporter-toolkit does: `1.5s`, `-1m30s`, `250us`. A
/// number without a unit is one of nanoseconds.
duration parse_go_duration(const std::string& text) {
  const bool negative = text.starts_with('-');
  const auto digits = text.substr(negative || text.starts_with('+'));
  const bool bare = digits.find_first_not_of("0123456789") == digits.npos;
  const double sum = bare ? parse_number(digits) : parse_units(digits);
  // Go's durations have 64 bits, as these have.
  if (sum >= 0x1p63)
    throw std::invalid_argument(quote(text) + " is longer than 292 years");
  const auto d = duration{static_cast<duration::rep>(sum)};
  return negative ? -d : d;
}

/// The names of cipher suites in Go and in OpenSSL, which are equal only for
/// TLS 1.3. Suites that Go calls insecure are left out.
const words<const char*>& suites() {
  static const words<const char*> all{
      {"TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256"},
      {"TLS_AES_256_GCM_SHA384", "TLS_AES_256_GCM_SHA384"},
      {"TLS_CHACHA20_POLY1305_SHA256", "TLS_CHACHA20_POLY1305_SHA256"},
      {"TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "ECDHE-ECDSA-AES128-SHA"},
      {"TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", "ECDHE-ECDSA-AES256-SHA"},
      {"TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "ECDHE-RSA-AES128-SHA"},
      {"TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", "ECDHE-RSA-AES256-SHA"},
      {"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
       "ECDHE-ECDSA-AES128-GCM-SHA256"},
      {"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
       "ECDHE-ECDSA-AES256-GCM-SHA384"},
      {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256"},
      {"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA-AES256-GCM-SHA384"},
      {"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
       "ECDHE-RSA-CHACHA20-POLY1305"},
      {"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
       "ECDHE-ECDSA-CHACHA20-POLY1305"}};
  return all;
}

/// The names of elliptic curves in Go and in OpenSSL.
const words<const char*>& curves() {
  static const words<const char*> all{{"CurveP256", "P-256"},
                                      {"CurveP384", "P-384"},
                                      {"CurveP521", "P-521"},
                                      {"X25519", "X25519"}};
  return all;
}

const words<client_auth>& auth_types() {
  static const words<client_auth> all{
      {"NoClientCert", client_auth::none},
      {"RequestClientCert", client_auth::request},
      {"RequireAnyClientCert", client_auth::require_any},
      {"RequireClientCert", client_auth::require_any}, // its former name
      {"VerifyClientCertIfGiven", client_auth::verify_if_given},
      {"RequireAndVerifyClientCert", client_auth::require_and_verify}};
  return all;
}

/// Makes the row of a list of words. `known` maps the words of the file to
/// those in the configuration; `unknown` begins the message for other words.
key<web_config> words_key(std::string name, std::string help,
                          const words<const char*>& known,
                          std::vector<std::string> tls_server_keys::*at,
                          const char* unknown) {
  return {std::move(name),
          std::move(help),
          true,
          [&known, at, unknown](web_config& c, const std::string& s) {
            const auto found =
                std::find_if(known.begin(), known.end(),
                             [&](const auto& w) { return w.first == s; });
            if (found == known.end())
              throw std::invalid_argument(unknown + (" " + quote(s)));
            ((*c.tls).*at).emplace_back(found->second);
          },
          [at](web_config& c) { ((*c.tls).*at).clear(); },
          [](const web_config&) { return std::string{}; }};
}

} // namespace

bool parse_truth(const std::string& text) {
  auto lower = text;
  for (auto& c : lower)
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (lower == "yes" || lower == "on" || lower == "y")
    return true;
  if (lower == "no" || lower == "off" || lower == "n")
    return false;
  return parse_word(lower == "true" || lower == "false" ? lower : text, truth);
}

const std::vector<key<web_config>>& web_config_keys() {
  static const auto all = [] {
    static const words<tls_version> versions{{"TLS10", tls_version::tls10},
                                             {"TLS11", tls_version::tls11},
                                             {"TLS12", tls_version::tls12},
                                             {"TLS13", tls_version::tls13}};
    std::vector<key<web_config>> keys;
    add_secret(
        keys, "tls_server_config.cert", "The server's certificate, PEM",
        [](auto& c) -> auto& { return c.tls->cert; }, on_change);
    add_secret(
        keys, "tls_server_config.key",
        "Private key of the server's certificate, PEM",
        [](auto& c) -> auto& { return c.tls->key; }, on_change);
    keys.push_back(word_key<web_config>(
        "tls_server_config.client_auth_type",
        "Whether clients need a certificate: NoClientCert, RequestClientCert, "
        "RequireAnyClientCert, VerifyClientCertIfGiven or "
        "RequireAndVerifyClientCert.",
        auth_types(),
        [](auto& c) -> auto& { return c.tls->client_auth_type; }));
    add_secret(
        keys, "tls_server_config.client_ca",
        "CA certificates for the verification of client certificates, PEM",
        [](auto& c) -> auto& { return c.tls->client_ca; }, on_change);
    keys.push_back(
        {"tls_server_config.client_allowed_sans",
         "Names, at least one of which a client's certificate must contain.",
         true,
         [](web_config& c, const std::string& s) {
           c.tls->client_allowed_sans.push_back(s);
         },
         [](web_config& c) { c.tls->client_allowed_sans.clear(); },
         [](const web_config&) { return std::string{}; }});
    keys.push_back(word_key<web_config>(
        "tls_server_config.min_version",
        "Lowest TLS version: TLS10, TLS11, TLS12 or TLS13.", versions,
        [](auto& c) -> auto& { return c.tls->min_version; }));
    keys.push_back(word_key<web_config>(
        "tls_server_config.max_version",
        "Highest TLS version: TLS10, TLS11, TLS12 or TLS13.", versions,
        [](auto& c) -> auto& { return c.tls->max_version; }));
    keys.push_back(words_key(
        "tls_server_config.cipher_suites",
        "Cipher suites for TLS 1.2 and earlier, by their names in Go.",
        suites(), &tls_server_keys::cipher_suites, "unknown cipher"));
    keys.push_back({"tls_server_config.prefer_server_cipher_suites",
                    "Whether the server's order of cipher suites has priority "
                    "over the client's.",
                    false,
                    [](web_config& c, const std::string& s) {
                      c.tls->prefer_server_cipher_suites = parse_truth(s);
                    },
                    {},
                    [](const web_config& c) {
                      return print_word(c.tls->prefer_server_cipher_suites,
                                        truth);
                    }});
    keys.push_back(words_key("tls_server_config.curve_preferences",
                             "Elliptic curves for the key exchange: CurveP256, "
                             "CurveP384, CurveP521, X25519.",
                             curves(), &tls_server_keys::curve_preferences,
                             "unknown curve"));
    keys.push_back(
        {"rate_limit.interval",
         "Smallest average time between two requests; 0s = no limit.",
         false,
         [](web_config& c, const std::string& s) {
           c.rate_limit.interval = parse_go_duration(s);
         },
         {},
         [](const web_config& c) {
           return print_duration(c.rate_limit.interval);
         }});
    keys.push_back(int_key<web_config>(
        "rate_limit.burst",
        "Largest number of requests at once; further requests get 429.",
        std::numeric_limits<int>::min(), std::numeric_limits<int>::max(),
        [](auto& c) -> auto& { return c.rate_limit.burst; }));
    return keys;
  }();
  return all;
}

} // namespace betanet::config
