#include "config/key_kinds_impl.hpp"
#include "config/target_reader_impl.hpp"

#include <regex>

namespace betanet::config {

namespace {

const std::string server_prefix = "http_sd.";

/// Prometheus's own rule for the names of such files (discovery/file/file.go).
const std::regex& file_rule() {
  static const std::regex rule{
      R"([^*]*(\*[^/]*)?\.(json|yml|yaml|JSON|YML|YAML))"};
  return rule;
}

duration parse_refresh_interval(const std::string& text) {
  return bounded_duration(text, 1s, 24h);
}

} // namespace

void target_reader::read_target_files(std::vector<std::string>& to,
                                      const YAML::Node& list) {
  if (!list.IsSequence())
    return problem(list, std::string{"target_files: expected a list, found "} +
                             kind_of(list));
  for (const auto& item : list)
    with_scalar(item, "target_files", [&](const std::string& text) {
      if (!std::regex_match(text, file_rule()))
        throw std::invalid_argument(
            path_for_message(text) +
            " does not end in .json, .yml or .yaml, or has a * before its last "
            "part");
      if (std::find(to.begin(), to.end(), beside(text)) != to.end())
        throw std::invalid_argument(path_for_message(text) +
                                    " is listed twice");
      to.push_back(beside(text));
    });
}

void target_reader::read_target_servers(std::vector<target_server>& to,
                                        const YAML::Node& list) {
  if (!list.IsSequence())
    return problem(list, std::string{"http_sd: expected a list, found "} +
                             kind_of(list));
  for (const auto& node : list) {
    auto server = read_target_server(node);
    if (std::find_if(to.begin(), to.end(), [&](const auto& other) {
          return other.url == server.url && other.resource == server.resource;
        }) != to.end())
      problem(node, "http_sd.url: the URL is listed twice");
    to.push_back(std::move(server));
  }
}

target_server target_reader::read_target_server(const YAML::Node& node) {
  target_server server;
  duration interval = server.refresh_interval;
  http_client client;
  bool has_url = false;
  each_entry(
      node, server_prefix, {"url", "refresh_interval", "http_client_config"},
      [&](const YAML::Node& key, const YAML::Node& value) {
        const auto& name = key.Scalar();
        if (name == "http_client_config")
          return read_client(client, value, server_prefix + name);
        has_url = has_url || name == "url";
        with_scalar(value, server_prefix + name, [&](const std::string& text) {
          if (name == "url")
            server = parse_target_server(text);
          else
            interval = parse_refresh_interval(text);
        });
      });
  if (node.IsMap() && !has_url)
    problem(node, "http_sd.url: missing, a URL such as http://targets:8080/ is "
                  "expected");
  if (node.IsNull())
    problem(node, "http_sd: expected a mapping, found nothing");
  server.origin = {place_of(node) + "http_sd"};
  server.refresh_interval = interval;
  server.http_client = std::move(client);
  return server;
}

std::vector<documented> discovery_keys() {
  return {
      {"target_files", "",
       "Files that list more targets in Prometheus's format of file_sd; the "
       "last part of a path may contain a *."},
      {"http_sd.url", "",
       "URL of a server that lists more targets, as Prometheus's http_sd."},
      {"http_sd.refresh_interval",
       print_duration(target_server{}.refresh_interval),
       "Time between two requests for the list, and the time limit of each."},
      {"http_sd.http_client_config", "",
       "How the server is asked: the keys of targets.http_client_config."},
  };
}

} // namespace betanet::config
