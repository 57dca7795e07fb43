#include "config/discovered.hpp"
#include "config/key_kinds_impl.hpp"
#include "config/quote_impl.hpp"
#include "config/target_reader_impl.hpp"

#include <algorithm>

namespace betanet::config {

namespace {

/// As many as fit into a poll's attempts with the longest list of delays.
constexpr std::size_t max_replicas = 16;

const std::string client_prefix = "target.http_client_config";

/// The names of the secrets of a client, as `section()` calls them, and the
/// secrets.
std::vector<std::pair<std::string, secret*>> named_secrets(http_client& c) {
  std::vector<std::pair<std::string, secret*>> all{
      {"tls_config.ca", &c.tls_config.ca},
      {"tls_config.cert", &c.tls_config.cert},
      {"tls_config.key", &c.tls_config.key}};
  if (c.basic_auth) {
    all.emplace_back("basic_auth.username", &c.basic_auth->username);
    all.emplace_back("basic_auth.password", &c.basic_auth->password);
  }
  if (c.authorization)
    all.emplace_back("authorization.credentials",
                     &c.authorization->credentials);
  return all;
}

} // namespace

target target_reader::read_target(const polling& inherited,
                                  const YAML::Node& node) {
  target t;
  t.origin = {place_of(node) + "target"};
  t.polling = inherited;
  std::vector<std::string> known;
  for (const auto& k : target_keys())
    known.push_back(k.name.substr(0, k.name.find('.')));
  add_sections(known, polling_keys());
  bool has_url = false, has_balance = false;
  each_entry(node, "target.", known,
             [&](const YAML::Node& key, const YAML::Node& value) {
               const auto& name = key.Scalar();
               if (name == "name")
                 return read_name(t, value);
               if (name == "endpoints")
                 return read_endpoints(t, value);
               if (name == "http_client_config")
                 return read_client(t.http_client, value, client_prefix);
               if (name == "replicas")
                 return read_replicas(t, value);
               has_balance = has_balance || name == "balance";
               if (name == "balance")
                 return read_balance(t, value);
               if (name != "url")
                 return section(polling_keys(), t.polling, name, value);
               has_url = true;
               with_scalar(value, "target.url", [&](const std::string& text) {
                 t.url = parse_url(text);
               });
             });
  if (node.IsMap())
    check_urls(t, node, has_url, has_balance);
  if (node.IsNull())
    problem(node, "targets: expected a mapping, found nothing");
  return t;
}

void target_reader::read_name(target& t, const YAML::Node& node) {
  with_scalar(node, "target.name", [&](const std::string& text) {
    if (!is_target_name(text))
      throw std::invalid_argument("a name has 1 to 200 characters of UTF-8 and "
                                  "no control characters");
    t.name = text;
  });
}

void target_reader::read_replicas(target& t, const YAML::Node& node) {
  const std::string what = "target.replicas";
  if (!node.IsSequence() || node.size() == 0)
    return problem(node,
                   what + ": expected a list of URLs, found " +
                       (node.IsSequence() ? "an empty one" : kind_of(node)));
  for (const auto& item : node)
    with_scalar(item, what, [&](const std::string& text) {
      const auto url = parse_url(text);
      if (std::find(t.replicas.begin(), t.replicas.end(), url) !=
          t.replicas.end())
        throw std::invalid_argument("the URL is listed twice");
      if (t.replicas.size() == max_replicas)
        throw std::invalid_argument("more than " +
                                    std::to_string(max_replicas) + " replicas");
      t.replicas.push_back(url);
    });
}

void target_reader::read_balance(target& t, const YAML::Node& node) {
  with_scalar(node, "target.balance", [&](const std::string& text) {
    t.balance = parse_word(text, balances);
  });
}

/// Checks that the target has either a URL or replicas. With replicas, the
/// target's URL becomes that of the first.
void target_reader::check_urls(target& t, const YAML::Node& node, bool has_url,
                               bool has_balance) {
  const bool has_replicas = static_cast<bool>(node["replicas"]);
  if (!has_url && !has_replicas)
    problem(node, "target.url: missing, a URL such as http://betanet:9000 is "
                  "expected");
  if (has_url && has_replicas)
    problem(node, "target.replicas: there is a url too, one of the two is "
                  "expected");
  if (has_balance && !has_replicas)
    problem(node, "target.balance: there are no replicas to balance, a list "
                  "under replicas is expected");
  if (!t.replicas.empty())
    t.url = t.replicas.front();
}

void target_reader::read_endpoints(target& t, const YAML::Node& node) {
  std::vector<std::string> known(endpoint_count);
  for (const auto& row : endpoint_table)
    known[index(row.id)] = row.name;
  each_entry(node, "target.endpoints.", known,
             [&](const YAML::Node& key, const YAML::Node& value) {
               const auto& name = key.Scalar();
               const auto i = static_cast<std::size_t>(
                   std::find(known.begin(), known.end(), name) - known.begin());
               with_scalar(value, "target.endpoints." + name,
                           [&](const std::string& text) {
                             t.paths[i] = parse_path(text);
                           });
             });
}

void target_reader::read_client(http_client& c, const YAML::Node& node,
                                const std::string& prefix) {
  c.origin = {place_of(node) + prefix};
  each_entry(node, prefix + ".",
             {"basic_auth", "authorization", "tls_config", "http_headers"},
             [&](const YAML::Node& key, const YAML::Node& value) {
               const auto& name = key.Scalar();
               if (value.IsNull())
                 return; // all keys of the block are commented out
               if (name == "http_headers")
                 return read_headers(c, value, prefix + "." + name);
               if (name == "basic_auth")
                 c.basic_auth.emplace();
               if (name == "authorization")
                 c.authorization.emplace();
               section(http_client_keys(), c, name, value, prefix + ".");
             });
  for (const auto& why : contradictions(c))
    problem(node, prefix + ": " + why);
  for (auto& [name, s] : named_secrets(c))
    s->origin =
        origin_of(prefix + "." + name + (s->file.empty() ? "" : "_file"));
  for (auto* s : c.secrets())
    s->file = beside(s->file);
}

void target_reader::read_headers(http_client& c, const YAML::Node& node,
                                 const std::string& prefix) {
  if (!node.IsMap())
    return problem(node,
                   prefix + ": expected a mapping, found " + kind_of(node));
  for (const auto& entry : node) {
    http_header h;
    const auto name =
        entry.first.IsScalar() ? entry.first.Scalar() : std::string{};
    try {
      h.name = parse_token(name);
    } catch (const std::invalid_argument&) { // hides the text, which may be a
                                             // whole field with its value
      problem(entry.first, prefix + ": the key is not the name of a header "
                                    "such as X-Tenant");
      continue;
    }
    if (is_reserved_header(name))
      problem(entry.first,
              prefix + ": setting header \"" + name + "\" is not allowed");
    if (std::any_of(
            c.http_headers.begin(), c.http_headers.end(),
            [&](const auto& other) { return iequals(other.name, name); }))
      problem(entry.first, prefix + "." + name_for_message(name) +
                               ": duplicate key, each key may occur once");
    each_entry(entry.second, prefix + "." + name_for_message(name) + ".",
               {"values", "secrets", "files"},
               [&](const YAML::Node& kind, const YAML::Node& list) {
                 read_header_values(h,
                                    prefix + "." + name_for_message(name) +
                                        "." + kind.Scalar(),
                                    list);
               });
    c.http_headers.push_back(std::move(h));
  }
}

void target_reader::read_header_values(http_header& h, const std::string& what,
                                       const YAML::Node& list) {
  if (!list.IsSequence())
    return problem(list, what + ": expected a list, found " + kind_of(list));
  for (const auto& item : list)
    with_scalar(item, what, [&](const std::string& text) {
      if (what.ends_with(".values"))
        h.values.push_back(text);
      else if (what.ends_with(".secrets"))
        h.secrets.push_back({text, {}, origin_of(what)});
      else
        h.secrets.push_back({{}, text, origin_of(what)});
    });
}

const std::vector<documented>& target_keys() {
  static const auto all = [] {
    std::vector<documented> keys{
        {"name", "",
         "Unique name of the target; may be omitted if there is only one "
         "target."},
        {"url", "",
         "URL of the service: http or https, with an optional path prefix."},
        {"replicas", "",
         "Instead of url: the URLs of the replicas of one service that share "
         "its state."},
        {"balance", "failover",
         "Which replica a poll begins with: failover = the first that does not "
         "rest, round_robin = each in turn."}};
    for (const auto& row : endpoint_table)
      keys.push_back({"endpoints." + std::string{row.name},
                      std::string{row.default_path}, "Path of this endpoint."});
    keys.push_back({"http_client_config.http_headers", "",
                    "Additional header fields by name, each with lists of "
                    "values, secrets or files."});
    return keys;
  }();
  return all;
}

} // namespace betanet::config
