#include "config/flags_impl.hpp"
#include "config/keys_impl.hpp"
#include "config/quote_impl.hpp"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <utility>

namespace betanet::config {

namespace {

/// The headings of the sections of keys in the help text.
std::string group_of(const std::string& key_name) {
  static const std::map<std::string, std::string> groups{
      {"web", "Web server"},  {"log", "Log"},
      {"metrics", "Metrics"}, {"collection", "Collection"},
      {"retry", "Retries"},   {"circuit_breaker", "Circuit breaker"},
      {"cache", "Cache"}};
  return groups.at(key_name.substr(0, key_name.find('.')));
}

template <class T>
void add_flags(std::vector<flag>& all, const std::vector<key<T>>& keys,
               const T& defaults) {
  for (const auto& k : keys)
    if (const auto name = flag_of(k.name); !name.empty())
      all.push_back(
          {name, k.print(defaults), k.help, k.type, group_of(k.name)});
}

std::vector<flag> all_flags() {
  const settings defaults;
  std::vector<flag> all{
      {"config.file", "",
       "Configuration file. Without a file, the defaults are used.", "FILE",
       "Configuration"},
      {"config.check", "", "Validate the configuration and exit.", "",
       "Configuration"},
      {"config.auto-reload-interval", "0s",
       "How often the configuration file is checked for changes; 0s = never.",
       "DURATION", "Configuration"},
      {"betanet.url", default_url,
       "URL of the Betanet service. It replaces the URL of the file's only "
       "target, whose other keys stay.",
       "URL", "Configuration"}};
  add_flags(all, process_keys(), defaults);
  // Switches belong to the flags of the web server.
  const auto after_web =
      std::find_if(all.rbegin(), all.rend(),
                   [](const flag& f) { return f.name.starts_with("web."); });
  all.insert(
      after_web.base(),
      {{"web.systemd-socket", "",
        "Listen on the sockets that systemd passes instead of on addresses.",
        "", group_of("web.")},
       {"web.disable-exporter-metrics", "",
        "Leave out the metrics about the exporter's process and its web "
        "server.",
        "", group_of("web.")}});
  add_flags(all, polling_keys(), defaults.polling);
  all.push_back({"shard.count", "",
                 "Number of processes that share the targets; each polls its "
                 "own part.",
                 "INTEGER", "Sharding"});
  all.push_back({"shard.index", "",
                 "Which part this process polls: a number from 0, or the name "
                 "of a pod that ends in one.",
                 "INDEX", "Sharding"});
  all.push_back({"probe", "",
                 "Poll every target once, print how it went, and exit; with 0 "
                 "if all polls were good, else with 1.",
                 "", "Actions"});
  all.push_back(
      {"healthcheck", "",
       "Ask the running exporter whether it is healthy; exit with 0 or 1.", "",
       "Actions"});
  all.push_back({"version", "", "Print the version and exit.", "", "Actions"});
  all.push_back({"help", "", "Print this help and exit.", "", "Actions"});
  return all;
}

/// The text in lines of at most `width` characters, each with an indentation.
std::string wrap(const std::string& text, std::size_t width,
                 const std::string& indentation) {
  std::string out, line;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find(' ', at), text.size());
    const auto word = text.substr(at, end - at);
    if (!line.empty() &&
        indentation.size() + line.size() + 1 + word.size() > width) {
      out += indentation + line + "\n";
      line.clear();
    }
    line += (line.empty() ? "" : " ") + word;
    at = end + 1;
  }
  return out + indentation + line + "\n";
}

} // namespace

const std::vector<flag>& flags() {
  static const auto all = all_flags();
  return all;
}

std::string environment_name(const std::string& flag) {
  std::string name = "BETANET_EXPORTER_";
  for (const char c : flag)
    name +=
        c == '.' || c == '-'
            ? '_'
            : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return name;
}

std::optional<std::string> environment_value(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value && *value ? std::optional<std::string>{value} : std::nullopt;
}

std::string help_text() {
  constexpr std::size_t width = 80;
  std::string text =
      "Prometheus exporter for the Betanet mixnet service.\n\n"
      "Usage: betanet_exporter [--flag=value ...]\n\n" +
      wrap("A flag beats its environment variable, the variable beats the "
           "configuration file, and the file beats the default. The value of "
           "a flag follows \"=\" or a space.",
           width, "");
  std::string group;
  for (const auto& f : flags()) {
    if (std::exchange(group, f.group) != f.group)
      text += "\n" + f.group + ":\n";
    text += "  --" + f.name + (f.is_switch() ? "" : "=" + f.type) + "\n";
    text += wrap(f.help, width, "      ");
    const std::string alias = f.name == "betanet.url" ? " or BETANET_URL" : "";
    text += "      " +
            (f.fallback.empty() ? "" : "default " + f.fallback + ", ") +
            "variable " + environment_name(f.name) + alias + "\n";
  }
  return text;
}

std::vector<std::string> misspelt_variables(const char* const* environment) {
  std::vector<std::string> known, warnings;
  for (const auto& f : flags())
    known.push_back(environment_name(f.name));
  for (; environment && *environment; ++environment) {
    const std::string_view entry{*environment};
    const auto equals = std::min(entry.find('='), entry.size());
    const std::string name{entry.substr(0, equals)};
    if (!name.starts_with("BETANET_EXPORTER_") || equals + 1 >= entry.size() ||
        std::find(known.begin(), known.end(), name) != known.end())
      continue;
    if (const auto near = nearest(name, known, 2))
      warnings.push_back("the environment variable " + name_for_message(name) +
                         " is unknown and ignored, did you mean " + *near +
                         "?");
  }
  return warnings;
}

std::vector<documented> documented_flags() {
  std::vector<documented> all;
  for (const auto& f : flags())
    all.push_back({f.name, f.fallback, f.help});
  return all;
}

} // namespace betanet::config
