#include "config/web_config.hpp"

#include "config/key_kinds_impl.hpp"
#include "config/yaml_reader_impl.hpp"

namespace betanet::config {

namespace {

/// When a file that the web configuration names is read, for the help text.
constexpr auto on_change = "read again when it changes";

/// Parses a boolean of YAML 1.1, the version that the exporter-toolkit reads.
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

/// Parses a duration as Go does: `1.5s`, `1m30s`, `250us`.
duration parse_go_duration(const std::string& text) {
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
      throw std::invalid_argument("\"" + text +
                                  "\" is not a duration such as 250ms or 1.5s");
    sum += parse_number(text.substr(at, unit_at - at)) * known->second;
    at = next;
  }
  constexpr double a_day = 24 * 3600e9;
  if (text.empty() || sum > a_day)
    throw std::invalid_argument("\"" + text + "\" is not between 0s and 24h");
  return duration{static_cast<duration::rep>(sum)};
}

/// The highest bcrypt cost with which the check of a login takes less than
/// about a second.
constexpr int highest_quick_cost = 14;

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
              throw std::invalid_argument(unknown + (": " + s));
            ((*c.tls).*at).emplace_back(found->second);
          },
          [at](web_config& c) { ((*c.tls).*at).clear(); },
          [](const web_config&) { return std::string{}; }};
}

} // namespace

/// The keys of the web configuration, except headers and users, whose keys are
/// arbitrary names.
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
        "Largest number of requests at once; further requests get 429.", 0,
        1'000'000, [](auto& c) -> auto& { return c.rate_limit.burst; }));
    return keys;
  }();
  return all;
}

namespace {

/// Checks a header field. The exporter-toolkit allows these names and values.
void check_header(const std::string& name, const std::string& value) {
  static const std::map<std::string, std::vector<std::string>> known{
      {"Strict-Transport-Security", {}},
      {"X-Content-Type-Options", {"nosniff"}},
      {"X-Frame-Options", {"deny", "sameorigin"}},
      {"X-XSS-Protection", {}},
      {"Content-Security-Policy", {}}};
  const auto found = known.find(name);
  if (found == known.end())
    throw std::invalid_argument("HTTP header \"" + name +
                                "\" can not be configured");
  const auto& allowed = found->second;
  if (!allowed.empty() &&
      std::find(allowed.begin(), allowed.end(), value) == allowed.end())
    throw std::invalid_argument("\"" + value + "\" is not " + allowed.front() +
                                (allowed.size() > 1 ? " or sameorigin" : ""));
  for (const char c : value)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      throw std::invalid_argument("the value contains a control character");
}

/// Checks that `hash` is a bcrypt hash: `$2y$10$` and 53 characters, where 10
/// is the cost. Returns the cost.
int check_hash(const std::string& hash) {
  constexpr std::size_t prefix = 7, size = 60;
  const auto digits = hash.substr(std::min<std::size_t>(hash.size(), 4), 2);
  const bool formed =
      hash.size() == size && hash.starts_with("$2") &&
      std::string_view{"aby"}.find(hash[2]) != std::string::npos &&
      hash[3] == '$' && hash[prefix - 1] == '$' && digits >= "04" &&
      digits <= "31" && digits.find_first_not_of("0123456789") == digits.npos &&
      std::all_of(hash.begin() + prefix, hash.end(), [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) || c == '.' ||
               c == '/';
      });
  if (!formed) // the message hides the text, which may be a password
    throw std::invalid_argument("not a bcrypt hash such as $2y$10$...; "
                                "htpasswd -nBC 10 NAME makes one");
  return std::stoi(digits);
}

class web_reader : yaml_reader {
public:
  explicit web_reader(const std::string& file) : yaml_reader(file) {
    null_is_absent(); // generated files often contain keys without a value
  }

  web_config read(const YAML::Node& root) {
    web_config c;
    each_entry(root, "",
               {"tls_server_config", "http_server_config", "basic_auth_users",
                "rate_limit"},
               [&](const YAML::Node& key, const YAML::Node& value) {
                 const auto& name = key.Scalar();
                 if (name == "basic_auth_users")
                   return users(c, value);
                 if (name == "http_server_config")
                   return http_server(c, value);
                 if (name == "tls_server_config" && value.size() > 0)
                   c.tls.emplace();
                 section(web_config_keys(), c, name, value);
                 if (name == "tls_server_config" && c.tls)
                   tls_rules(*c.tls, value);
                 if (value.IsMap())
                   if (const auto sans = value["client_allowed_sans"];
                       sans && sans.IsSequence() && sans.size() == 0)
                     problem(sans, "tls_server_config.client_allowed_sans: an "
                                   "empty list would refuse every client");
                 if (name == "rate_limit" && c.rate_limit.interval > 0s &&
                     c.rate_limit.burst == 0)
                   problem(value, "rate_limit.burst: must be at least 1 if "
                                  "rate_limit.interval is set");
               });
    finish();
    return c;
  }

private:
  void users(web_config& c, const YAML::Node& node) {
    each_item(node, "basic_auth_users.",
              [&](const YAML::Node& name, const YAML::Node& value) {
                if (value.IsNull())
                  return problem(name, "basic_auth_users." + name.Scalar() +
                                           ": the bcrypt hash is missing");
                with_scalar(value, "basic_auth_users." + name.Scalar(),
                            [&](const std::string& hash) {
                              if (name.Scalar().find(':') != std::string::npos)
                                throw std::invalid_argument(
                                    "a user name must not contain a colon");
                              if (check_hash(hash) > highest_quick_cost)
                                c.warnings.push_back(
                                    "basic_auth_users." + name.Scalar() +
                                    ": with a bcrypt cost above 14 "
                                    "each login takes seconds, above "
                                    "20 minutes");
                              c.users[name.Scalar()] = hash;
                            });
              });
  }

  void http_server(web_config& c, const YAML::Node& node) {
    each_entry(node, "http_server_config.", {"http2", "headers"},
               [&](const YAML::Node& key, const YAML::Node& value) {
                 if (key.Scalar() == "headers")
                   return headers(c, value);
                 with_scalar(value, "http_server_config.http2",
                             [&](const std::string& text) {
                               c.http2 = parse_truth(text);
                             });
               });
    if (c.http2)
      c.warnings.emplace_back("http_server_config.http2: HTTP/2 is not "
                              "supported, clients get HTTP/1.1");
  }

  void headers(web_config& c, const YAML::Node& node) {
    each_item(node, "http_server_config.headers.",
              [&](const YAML::Node& name, const YAML::Node& value) {
                with_scalar(value,
                            "http_server_config.headers." + name.Scalar(),
                            [&](const std::string& text) {
                              check_header(name.Scalar(), text);
                              c.headers.emplace_back(name.Scalar(), text);
                            });
              });
  }

  void tls_rules(tls_server_keys& t, const YAML::Node& node) {
    const auto say = [&](const std::string& why) {
      problem(node, "tls_server_config: " + why);
    };
    const auto one_of = [&](secret& s, const std::string& name, bool needed) {
      if (needed && !s.given())
        say("missing one of " + name + " or " + name + "_file");
      if (!s.text.empty() && !s.file.empty())
        say("at most one of " + name + " & " + name +
            "_file must be configured");
      s.file = beside(s.file);
    };
    one_of(t.cert, "cert", true);
    one_of(t.key, "key", true);
    one_of(t.client_ca, "client_ca", false);
    if (t.client_auth_type == client_auth::none) {
      if (t.client_ca.given())
        say("client CA's have been configured without a Client Auth Policy");
      if (!t.client_allowed_sans.empty())
        say("client_allowed_sans have been configured without a Client Auth "
            "Policy");
    }
    if (t.min_version > t.max_version)
      say("min_version is above max_version");
    const bool only_1_3 =
        std::all_of(t.cipher_suites.begin(), t.cipher_suites.end(),
                    [](const auto& s) { return s.starts_with("TLS_"); });
    if (only_1_3 && !t.cipher_suites.empty()) {
      if (t.max_version < tls_version::tls13)
        say("none of the cipher_suites can be used below TLS13");
      t.min_version = tls_version::tls13;
    }
  }
};

} // namespace

web_config parse_web_config(const std::string& yaml, const std::string& file) {
  return web_reader{file}.read(load_yaml(yaml, file));
}

web_config with_files(web_config c) {
  if (c.tls)
    for (auto* s : {&c.tls->cert, &c.tls->key, &c.tls->client_ca})
      *s = {reveal(*s), {}};
  return c;
}

std::vector<documented> documented_web_keys() {
  web_config defaults;
  defaults.tls.emplace();
  std::vector<documented> all;
  for (const auto& k : web_config_keys())
    all.push_back({k.name, k.print(defaults), k.help});
  all.push_back({"http_server_config.http2", "false",
                 "Accepted for compatibility with the exporter-toolkit; HTTP/2 "
                 "is not supported."});
  all.push_back({"http_server_config.headers", "",
                 "Header fields of every response: Content-Security-Policy, "
                 "Strict-Transport-Security, X-Content-Type-Options, "
                 "X-Frame-Options, X-XSS-Protection."});
  all.push_back({"basic_auth_users", "",
                 "Names of the users who may log in and bcrypt hashes of their "
                 "passwords."});
  return all;
}

} // namespace betanet::config
