#include "config/config.hpp"

#include <boost/url.hpp>

#include <algorithm>

namespace betanet::config {

namespace {

/// Parses a URL that may have a query. `path` gets the path as it was written.
service_url parse_parts(const std::string& text, std::string& path,
                        std::optional<std::string>& query) {
  // The messages do not show the URL, because it may contain a password that a
  // mistake hides from the parser.
  const auto refuse = [](const std::string& why) {
    return std::invalid_argument{why + ", a URL such as http://betanet:9000 is "
                                       "expected"};
  };
  if (text.find('@') != text.npos)
    throw std::invalid_argument(
        "a URL must not contain a user name or a password, they are set in "
        "http_client_config; an @ in a path is written %40");
  const auto parsed = boost::urls::parse_uri(text);
  if (!parsed)
    throw refuse("the value is not a URL");
  const auto& url = *parsed;
  if (url.has_fragment())
    throw std::invalid_argument("a URL must not have a query or a fragment, "
                                "credentials are set in http_client_config");
  if (url.has_query())
    query = std::string{url.encoded_query()};
  service_url result;
  result.tls = url.scheme() == "https";
  if (!result.tls && url.scheme() != "http")
    throw refuse("the scheme is neither http nor https");
  result.port = result.tls ? 443 : 80;
  result.host = url.host_address();
  if (result.host.empty())
    throw refuse("the host is missing");
  if (std::any_of(result.host.begin(), result.host.end(),
                  [](char c) { return c <= ' ' || c > '~' || c == '@'; }))
    throw refuse("the host contains a character that is not allowed there");
  if (url.has_port()) {
    if (url.port_number() == 0)
      throw refuse("the port is not between 1 and 65535");
    result.port = url.port_number();
  }
  path = url.encoded_path();
  return result;
}

} // namespace

service_url parse_url(const std::string& text) {
  std::string path;
  std::optional<std::string> query;
  auto result = parse_parts(text, path, query);
  if (query)
    throw std::invalid_argument("a URL must not have a query or a fragment, "
                                "credentials are set in http_client_config");
  while (path.ends_with('/'))
    path.pop_back();
  result.path = path;
  return result;
}

target_server parse_target_server(const std::string& text) {
  target_server result;
  std::string path;
  std::optional<std::string> query;
  result.url = parse_parts(text, path, query);
  result.resource = (path.empty() ? "/" : path) + (query ? "?" + *query : "");
  return result;
}

std::string to_string(const target_server& server) {
  const auto& path = server.resource;
  return to_string(server.url) + path.substr(0, path.find('?'));
}

std::string canonical(const service_url& url) {
  auto lower = url;
  for (auto& c : lower.host)
    c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return to_string(lower);
}

std::string authority(const service_url& url) {
  const bool v6 = url.host.find(':') != std::string::npos;
  return (v6 ? "[" + url.host + "]" : url.host) + ":" +
         std::to_string(url.port);
}

std::string to_string(const service_url& url) {
  return std::string{url.tls ? "https" : "http"} + "://" + authority(url) +
         url.path;
}

std::vector<service_url> urls_of(const target& t) {
  return t.replicas.empty() ? std::vector{t.url} : t.replicas;
}

target at_url(target t, const service_url& url) {
  t.url = url;
  t.replicas.clear();
  return t;
}

std::size_t count_services(const std::vector<target>& targets) {
  std::size_t count = 0;
  for (const auto& t : targets)
    count += std::max<std::size_t>(t.replicas.size(), 1);
  return count;
}

} // namespace betanet::config
