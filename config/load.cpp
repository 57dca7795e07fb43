#include "config/command_line_impl.hpp"
#include "config/file.hpp"
#include "config/flags_impl.hpp"
#include "config/parse_impl.hpp"
#include "config/quote_impl.hpp"

#include <algorithm>
#include <cstdio>
#include <limits>
#include <new>
#include <sstream>
#include <unistd.h>

namespace betanet::config {

invalid::invalid(std::vector<std::string> p)
    : std::runtime_error([&] {
        std::string all;
        for (const auto& line : p)
          all += (all.empty() ? "" : "\n") + line;
        return all;
      }()),
      problems(std::move(p)) {}

namespace {

/// U+FEFF in UTF-8, with which some editors begin a file (YAML 1.2, 5.2).
constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

void append(std::vector<std::string>& to,
            const std::vector<std::string>& more) {
  to.insert(to.end(), more.begin(), more.end());
}

/// The line and the column in `FILE:LINE:COLUMN: what`; empty if there is no
/// such place.
std::optional<std::pair<int, int>> place_in(const std::string& problem,
                                            const std::string& file) {
  int line = 0, column = 0;
  if (!problem.starts_with(file + ":") ||
      std::sscanf(problem.c_str() + file.size(), ":%d:%d:", &line, &column) !=
          2)
    return std::nullopt;
  return std::pair{line, column};
}

std::vector<std::string> split(const std::string& list) {
  std::vector<std::string> items;
  std::istringstream in{list};
  for (std::string item; std::getline(in, item, ',');)
    items.push_back(item);
  return items;
}

/// Sets the keys for which there are flags or variables. `origins` gets the
/// places of these.
template <class T>
void apply(const command_line& line, const std::vector<key<T>>& keys, T& to,
           std::map<std::string, origin>& origins,
           std::vector<std::string>& problems) {
  for (const auto& k : keys) {
    const auto name = flag_of(k.name);
    const auto g = name.empty() ? std::nullopt : line.find(name);
    if (!g)
      continue;
    origins[k.name] = {g->place};
    try {
      if (!k.list) {
        k.add(to, g->value);
        continue;
      }
      k.clear(to);
      for (const auto& item : split(g->value == "[]" ? "" : g->value))
        k.add(to, item);
    } catch (const std::invalid_argument& e) {
      problems.push_back(g->place + ": " + e.what());
    }
  }
}

/// The content of the configuration file. Empty, and a problem more, if it
/// cannot be read.
std::string content_of(const given& file, std::vector<std::string>& problems) {
  try {
    auto text = read_file(file.value, largest_file);
    if (std::string_view{text}.starts_with(byte_order_mark))
      text.erase(0, byte_order_mark.size());
    if (text.find_first_not_of(" \t\r\n") != text.npos)
      return text;
    problems.push_back(path_for_message(file.value) +
                       ":1:1: the file is empty, YAML is expected");
  } catch (const std::runtime_error& e) {
    problems.push_back(file.place + ": " + e.what() +
                       ", a readable file is expected");
  }
  return {};
}

void use_url(settings& s, const given& url,
             std::vector<std::string>& problems) {
  if (s.discovers()) {
    problems.push_back(url.place + ": the file has target_files or http_sd, "
                                   "one URL cannot replace their targets");
    return;
  }
  if (s.targets.size() > 1) {
    problems.push_back(url.place + ": the file has " +
                       std::to_string(s.targets.size()) +
                       " targets, one URL cannot replace theirs");
    return;
  }
  try {
    auto fresh = unnamed_target(s.polling, url.value);
    fresh.origin = {url.place};
    if (s.targets.empty())
      s.targets.push_back(std::move(fresh));
    else
      s.targets[0] = at_url(std::move(s.targets[0]), fresh.url);
  } catch (const std::invalid_argument& e) {
    problems.push_back(url.place + ": " + e.what());
  }
}

/// Reads the two flags of sharding, which belong together.
std::optional<shard> shard_of(const command_line& line,
                              std::vector<std::string>& problems) {
  const auto count = line.find("shard.count"), index = line.find("shard.index");
  if (!count && !index)
    return std::nullopt;
  if (!count || !index) {
    problems.push_back((count ? count : index)->place + ": " +
                       (count ? "--shard.index" : "--shard.count") +
                       " is missing, the two belong together");
    return std::nullopt;
  }
  shard result;
  auto place = count->place;
  try {
    result.count = parse_shard_count(count->value);
    place = index->place;
    result.index = parse_shard_index(index->value, result.count);
  } catch (const std::invalid_argument& e) {
    problems.push_back(place + ": " + e.what());
  }
  return result;
}

/// Keeps the targets of this shard only.
void drop_targets_elsewhere(settings& s) {
  std::erase_if(s.targets, [&s](const target& t) {
    const auto url = canonical(t.url);
    const bool foreign = owner(url, s.shard->count) != s.shard->index;
    if (foreign)
      s.targets_elsewhere.emplace(t.name, url);
    return foreign;
  });
}

/// Reads the configuration file, if there is one, into `result`, and applies
/// flags and variables to it.
void read_settings(const command_line& line,
                   const std::vector<std::string>& reserved_paths,
                   invocation& result, std::vector<std::string>& problems) {
  const auto overlay = [&](settings& s) {
    apply(line, process_keys(), s, s.origins, problems);
    apply(line, polling_keys(), s.polling, s.origins, problems);
    const std::string without = "web.disable-exporter-metrics";
    if (line.find(without))
      s.web.disable_exporter_metrics = line.is_set(without, problems);
  };
  const auto file = line.find("config.file");
  if (file && !file->value.empty()) {
    result.file = file->value;
    result.content = content_of(*file, problems);
  }
  auto& s = result.settings;
  try {
    auto read = read_yaml(result.content, result.file, overlay, reserved_paths);
    s = std::move(read.settings);
    append(problems, read.problems);
  } catch (const invalid& e) {
    append(problems, e.problems);
    s = read_yaml("", result.file, overlay, reserved_paths).settings;
  }
  if (const auto url = line.find("betanet.url"))
    use_url(s, *url, problems);
  s.shard = shard_of(line, problems);
  if (s.shard && problems.empty())
    drop_targets_elsewhere(s);
  if (s.web.listen_addresses.empty() && problems.empty())
    problems.push_back(s.origins["web.listen_addresses"].text +
                       ": at least one address is needed, such as :9200");
}

action action_of(const command_line& line, std::vector<std::string>& problems) {
  const bool help = line.is_set("help", problems);
  const bool version = line.is_set("version", problems);
  const bool check = line.is_set("config.check", problems);
  const bool probe = line.is_set("probe", problems);
  const bool health = line.is_set("healthcheck", problems);
  return help      ? action::help
         : version ? action::version
         : check   ? action::check
         : probe   ? action::probe
         : health  ? action::healthcheck
                   : action::run;
}

} // namespace

std::vector<std::string> sorted(std::vector<std::string> problems,
                                const std::string& file) {
  const auto key = [&](const std::string& p) {
    return place_in(p, file).value_or(
        std::pair{std::numeric_limits<int>::max(), 0});
  };
  std::stable_sort(
      problems.begin(), problems.end(),
      [&](const auto& a, const auto& b) { return key(a) < key(b); });
  return problems;
}

invocation load(int argc, const char* const* argv,
                const std::vector<std::string>& reserved_paths,
                const further_check& check) {
  const command_line line{argc, argv};
  auto problems = line.problems();
  invocation result;
  result.action = action_of(line, problems);
  if (problems.empty() &&
      (result.action == action::help || result.action == action::version)) {
    result.text = help_text();
    return result;
  }
  result.warnings = misspelt_variables(environ);
  result.systemd_socket = line.is_set("web.systemd-socket", problems);
  if (const auto every = line.find("config.auto-reload-interval"))
    try {
      result.auto_reload = parse_duration(every->value);
    } catch (const std::invalid_argument& e) {
      problems.push_back(every->place + ": " + e.what());
    }
  try {
    read_settings(line, reserved_paths, result, problems);
    if (check && result.action != action::healthcheck)
      append(problems, check(result.settings));
  } catch (const std::bad_alloc&) {
    problems.emplace_back("the configuration needs more memory than there is");
  }
  if (!problems.empty())
    throw invalid(sorted(std::move(problems), result.file));
  return result;
}

std::vector<std::string> warnings_about(const settings& s) {
  if (!s.targets.empty() || s.discovers())
    return {};
  if (s.shard && !s.targets_elsewhere.empty())
    return {"targets: all belong to other shards, nothing will be collected"};
  return {"targets: there are none, nothing will be collected"};
}

std::vector<documented> documented_keys() {
  std::vector<documented> all;
  const settings defaults;
  for (const auto& k : polling_keys())
    all.push_back({k.name, k.print(defaults.polling), k.help});
  for (const auto& k : process_keys())
    all.push_back({k.name, k.print(defaults), k.help});
  for (const auto& k : target_keys())
    all.push_back({"targets." + k.name, k.fallback, k.help});
  http_client client;
  client.basic_auth.emplace();
  client.authorization.emplace();
  for (const auto& k : http_client_keys())
    all.push_back(
        {"targets.http_client_config." + k.name, k.print(client), k.help});
  for (auto& k : discovery_keys())
    all.push_back(std::move(k));
  return all;
}

} // namespace betanet::config
