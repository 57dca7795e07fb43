#include "config/key_kinds_impl.hpp"
#include "config/keys_impl.hpp"

#include <yaml-cpp/yaml.h>

#include <map>
#include <sstream>

namespace betanet::config {

namespace {

constexpr auto hidden = "<secret>";

/// Doubles each `$`, because the reader takes `$$` as `$`.
std::string literal(const std::string& text) {
  std::string out;
  for (const char c : text)
    out += c == '$' ? "$$" : std::string{c};
  return out;
}

/// Writes the keys for which `shown(key)` is true, grouped by section.
template <class T, class Shown>
void emit_keys(YAML::Emitter& out, const std::vector<key<T>>& keys, const T& of,
               Shown shown) {
  std::string section;
  for (const auto& k : keys) {
    if (!shown(k))
      continue;
    const auto dot = k.name.find('.');
    if (k.name.substr(0, dot) != section) {
      if (!section.empty())
        out << YAML::EndMap;
      section = k.name.substr(0, dot);
      out << YAML::Key << section << YAML::Value << YAML::BeginMap;
    }
    const auto text = k.print(of);
    out << YAML::Key << k.name.substr(dot + 1) << YAML::Value;
    if (!k.list) {
      out << literal(text);
      continue;
    }
    out << YAML::Flow << YAML::BeginSeq;
    std::istringstream items{text == "[]" ? "" : text};
    for (std::string item; std::getline(items, item, ',');)
      out << literal(item);
    out << YAML::EndSeq;
  }
  if (!section.empty())
    out << YAML::EndMap;
}

constexpr auto every_key = [](const auto&) { return true; };

void emit_headers(YAML::Emitter& out, const std::vector<http_header>& headers) {
  if (headers.empty())
    return;
  out << YAML::Key << "http_headers" << YAML::Value << YAML::BeginMap;
  for (const auto& h : headers) {
    std::map<std::string, std::vector<std::string>> lists;
    for (const auto& v : h.values)
      lists["values"].push_back(literal(v));
    for (const auto& s : h.secrets)
      s.file.empty() ? lists["secrets"].push_back(hidden)
                     : lists["files"].push_back(literal(s.file));
    out << YAML::Key << h.name << YAML::Value << YAML::Flow << lists;
  }
  out << YAML::EndMap;
}

void emit_replicas(YAML::Emitter& out, const target& t) {
  out << YAML::Key << "replicas" << YAML::Value << YAML::BeginSeq;
  for (const auto& url : t.replicas)
    out << literal(to_string(url));
  out << YAML::EndSeq << YAML::Key << "balance" << YAML::Value
      << print_word(t.balance, balances);
}

void emit_client(YAML::Emitter& out, const http_client& c) {
  out << YAML::Key << "http_client_config" << YAML::Value << YAML::BeginMap;
  emit_keys(out, http_client_keys(), c, [&](const auto& k) {
    const bool absent =
        (k.name.starts_with("basic_auth.") && !c.basic_auth) ||
        (k.name.starts_with("authorization.") && !c.authorization);
    return !absent && !k.print(c).empty();
  });
  emit_headers(out, c.http_headers);
  out << YAML::EndMap;
}

void emit_discovery(YAML::Emitter& out, const settings& s) {
  out << YAML::Key << "target_files" << YAML::Value << YAML::BeginSeq;
  for (const auto& pattern : s.target_files)
    out << literal(pattern);
  out << YAML::EndSeq << YAML::Key << "http_sd" << YAML::Value
      << YAML::BeginSeq;
  for (const auto& server : s.target_servers) {
    const bool has_query = server.resource.find('?') != std::string::npos;
    out << YAML::BeginMap << YAML::Key << "url" << YAML::Value
        << literal(to_string(server)) + (has_query ? "?<secret>" : "")
        << YAML::Key << "refresh_interval" << YAML::Value
        << print_duration(server.refresh_interval);
    emit_client(out, server.http_client);
    out << YAML::EndMap;
  }
  out << YAML::EndSeq;
}

void emit_target(YAML::Emitter& out, const target& t) {
  out << YAML::BeginMap;
  if (!t.name.empty())
    out << YAML::Key << "name" << YAML::Value << literal(t.name);
  if (t.replicas.empty())
    out << YAML::Key << "url" << YAML::Value << literal(to_string(t.url));
  else
    emit_replicas(out, t);
  out << YAML::Key << "endpoints" << YAML::Value << YAML::BeginMap;
  for (std::size_t i = 0; i < t.paths.size(); ++i)
    out << YAML::Key << std::string{endpoint_table[i].name} << YAML::Value
        << literal(t.paths[i]);
  out << YAML::EndMap;
  emit_keys(out, polling_keys(), t.polling, every_key);
  emit_client(out, t.http_client);
  out << YAML::EndMap;
}

} // namespace

std::vector<std::string> restart_keys(const settings& a, const settings& b) {
  std::vector<std::string> names;
  for (const auto& k : process_keys())
    if (k.print(a) != k.print(b))
      names.push_back(k.name);
  return names;
}

std::string to_yaml(const settings& s) {
  YAML::Emitter out;
  out << YAML::BeginMap;
  emit_keys(out, polling_keys(), s.polling, every_key);
  emit_keys(out, process_keys(), s, every_key);
  out << YAML::Key << "targets" << YAML::Value << YAML::BeginSeq;
  for (const auto& t : s.targets)
    emit_target(out, t);
  out << YAML::EndSeq;
  emit_discovery(out, s);
  out << YAML::EndMap;
  return std::string{out.c_str()} + "\n";
}

} // namespace betanet::config
