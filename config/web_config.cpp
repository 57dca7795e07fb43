#include "config/web_config.hpp"

#include "config/file.hpp"
#include "config/key_kinds_impl.hpp"
#include "config/web_config_keys_impl.hpp"
#include "config/yaml_reader_impl.hpp"

namespace betanet::config {

namespace {

/// The highest bcrypt cost with which the check of a login takes less than
/// about a second, and the highest that is accepted, with which it takes some
/// seconds.
constexpr int highest_quick_cost = 14;
constexpr int highest_cost = 16;

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
    throw std::invalid_argument("HTTP header " + quote(name) +
                                " can not be configured");
  const auto& allowed = found->second;
  if (!allowed.empty() &&
      std::find(allowed.begin(), allowed.end(), value) == allowed.end())
    throw std::invalid_argument(quote(value) + " is not " + allowed.front() +
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
  const int cost = std::stoi(digits);
  if (cost > highest_cost)
    throw std::invalid_argument("a bcrypt cost above 16 is refused, because a "
                                "login would take many seconds; htpasswd -nBC "
                                "10 NAME makes a quicker hash");
  return cost;
}

class web_reader : public yaml_reader {
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
                 if (name == "rate_limit" && value.IsMap())
                   rate_limit_warnings(c, value);
               });
    return c;
  }

private:
  void users(web_config& c, const YAML::Node& node) {
    each_item(node, "basic_auth_users.",
              [&](const YAML::Node& name, const YAML::Node& value) {
                const auto& user = name.Scalar();
                const auto what = "basic_auth_users." + name_for_message(user);
                if (user.find(':') != user.npos) // it may be NAME:PASSWORD
                  return problem(name, "basic_auth_users: a user name must not "
                                       "contain a colon");
                if (value.IsNull())
                  return problem(name, what + ": the bcrypt hash is missing");
                with_scalar(value, what, [&](const std::string& hash) {
                  if (check_hash(hash) > highest_quick_cost)
                    warn(c, value,
                         what + ": with a bcrypt cost above 14 each login "
                                "takes seconds");
                  c.users[user] = hash;
                });
              });
  }

  void warn(web_config& c, const YAML::Node& at, const std::string& what) {
    c.warnings.push_back(place_of(at) + what);
  }

  void rate_limit_warnings(web_config& c, const YAML::Node& node) {
    const auto& [interval, burst] = c.rate_limit;
    const auto written = node["interval"];
    if (interval > 0s && burst <= 0)
      warn(c, node["burst"] ? node["burst"] : node,
           "rate_limit.burst: without a burst of at least 1, every request "
           "that is limited gets 429");
    const bool bare =
        written && written.IsScalar() &&
        written.Scalar().find_first_not_of("+-0123456789") == std::string::npos;
    if (bare && interval != 0s)
      warn(c, written,
           "rate_limit.interval: a number without a unit is one of "
           "nanoseconds, 1s is a second");
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
                 if (c.http2)
                   warn(c, value,
                        "http_server_config.http2: HTTP/2 is not supported, "
                        "clients get HTTP/1.1");
               });
  }

  void headers(web_config& c, const YAML::Node& node) {
    each_item(node, "http_server_config.headers.",
              [&](const YAML::Node& name, const YAML::Node& value) {
                with_scalar(value,
                            "http_server_config.headers." +
                                name_for_message(name.Scalar()),
                            [&](const std::string& text) {
                              check_header(name.Scalar(), text);
                              c.headers.emplace_back(name.Scalar(), text);
                            });
              });
  }

  void tls_rules(tls_server_keys& t, const YAML::Node& node) {
    t.origin = {place_of(node) + "tls_server_config"};
    const auto say = [&](const std::string& why) {
      problem(node, "tls_server_config: " + why);
    };
    const auto one_of = [&](secret& s, const std::string& name, bool needed) {
      if (needed && !s.given())
        say("missing one of " + name + " or " + name + "_file");
      if (!s.text.empty() && !s.file.empty())
        say("at most one of " + name + " & " + name +
            "_file must be configured");
      s.origin = origin_of("tls_server_config." + name +
                           (s.file.empty() ? "" : "_file"));
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

web_config parse_web_config(const std::string& yaml, const std::string& file,
                            std::vector<std::string>& problems) {
  web_reader reader{file};
  web_config read;
  std::vector<std::string> found;
  try {
    read = reader.read(load_yaml(yaml, file));
    found = reader.problems();
  } catch (const invalid& e) { // no YAML
    found = e.problems;
  }
  problems.insert(problems.end(), found.begin(), found.end());
  return read;
}

web_config with_files(web_config c, std::vector<std::string>& problems) {
  if (!c.tls)
    return c;
  auto& tls = *c.tls;
  if (auto exposed = exposure_of(tls.key.file); !exposed.empty())
    c.warnings.push_back(std::move(exposed));
  reveal_all({&tls.cert, &tls.key, &tls.client_ca}, problems);
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
