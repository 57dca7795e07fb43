#include "config/file.hpp"
#include "config/keys_impl.hpp"

#include <CLI/CLI.hpp>

#include <cstdlib>
#include <sstream>

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

std::string environment_name(const std::string& flag) {
  std::string name = "BETANET_EXPORTER_";
  for (const char c : flag)
    name +=
        c == '.' || c == '-'
            ? '_'
            : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return name;
}

std::vector<std::string> split(const std::string& list) {
  std::vector<std::string> items;
  std::istringstream in{list};
  for (std::string item; std::getline(in, item, ',');)
    items.push_back(item);
  return items;
}

/// The value of a flag or an environment variable. `place` is the name of the
/// flag or the variable for messages.
struct given {
  std::string place, value;
};

/// The flags of the command line and the corresponding environment variables.
class command_line {
public:
  command_line(int argc, const char* const* argv);

  /// The value of the flag or, if it is not given, of its environment variable.
  std::optional<given> find(const std::string& flag) const;

  /// Whether a switch is given or its environment variable is 1 or true.
  bool is_set(const std::string& flag) const;

  std::string help() const { return app_.help(); }

private:
  void add_value(const std::string& flag, const std::string& help,
                 bool repeatable = false);
  void add_switch(const std::string& flag, const std::string& help);

  CLI::App app_{"Prometheus exporter for the Betanet mixnet service.",
                "betanet_exporter"};
  std::map<std::string, std::vector<std::string>> values_;
  std::map<std::string, bool> switches_;
};

struct flag {
  std::string name, fallback, help;
  bool is_switch = false;
};

/// All flags in the order of `--help`.
std::vector<flag> flags() {
  std::vector<flag> all{
      {"config.file", "",
       "Configuration file. Without a file, the defaults are used."},
      {"config.check", "", "Validate the configuration and exit.", true},
      {"config.auto-reload-interval", "0s",
       "How often the configuration file is checked for changes; 0s = never."},
      {"betanet.url", default_url,
       "URL of the Betanet service. It replaces the only target of the file."},
  };
  const settings defaults;
  for (const auto& k : process_keys())
    if (const auto f = flag_of(k.name); !f.empty())
      all.push_back({f, k.print(defaults), k.help});
  all.push_back(
      {"web.systemd-socket", "",
       "Listen on the sockets that systemd passes instead of on addresses.",
       true});
  all.push_back({"web.disable-exporter-metrics", "",
                 "Leave out the metrics about the exporter's process and its "
                 "web server.",
                 true});
  for (const auto& k : polling_keys())
    if (const auto f = flag_of(k.name); !f.empty())
      all.push_back({f, k.print(defaults.polling), k.help});
  all.push_back(
      {"healthcheck", "",
       "Ask the running exporter whether it is healthy; exit with 0 or 1.",
       true});
  all.push_back({"version", "", "Print the version and exit.", true});
  all.push_back({"help", "", "Print this help and exit.", true});
  return all;
}

command_line::command_line(int argc, const char* const* argv) {
  app_.set_help_flag();
  app_.get_formatter()->column_width(44);
  for (const auto& f : flags()) {
    const auto text =
        f.fallback.empty() ? f.help : f.help + " [" + f.fallback + "]";
    if (f.is_switch)
      add_switch(f.name, text);
    else
      add_value(f.name, text, f.name == "web.listen-address");
  }
  std::vector<std::string> refused;
  for (const auto& later : unsupported_flags()) {
    for (int i = 1; i < argc; ++i)
      if (const std::string word = argv[i];
          word.substr(0, word.find('=')) == "--" + later)
        refused.push_back("--" + later + ": not supported");
    if (const auto variable = environment_name(later);
        std::getenv(variable.c_str()))
      refused.push_back(variable + ": not supported");
  }
  if (!refused.empty())
    throw invalid(std::move(refused));
  // Removes words such as `--flag=`: CLI11 would take the next word as the
  // value of the flag.
  std::vector<const char*> words;
  for (int i = 0; i < argc; ++i) {
    std::string_view word = argv[i];
    const bool empty = word.starts_with("--") && word.ends_with('=');
    const std::string name{empty ? word.substr(2, word.size() - 3) : ""};
    if (values_.contains(name))
      values_[name] = {""};
    else
      words.push_back(argv[i]);
  }
  try {
    app_.parse(static_cast<int>(words.size()),
               const_cast<char**>(words.data()));
  } catch (const CLI::ParseError& e) {
    throw invalid({std::string{e.what()} + " (see --help)"});
  }
}

void command_line::add_value(const std::string& flag, const std::string& help,
                             bool repeatable) {
  auto* option = app_.add_option("--" + flag, values_[flag], help);
  option->type_name("")->expected(1)->allow_extra_args(false);
  option->multi_option_policy(repeatable ? CLI::MultiOptionPolicy::TakeAll
                                         : CLI::MultiOptionPolicy::TakeLast);
}

void command_line::add_switch(const std::string& flag,
                              const std::string& help) {
  app_.add_flag((flag == "help" ? "-h,--" : "--") + flag, switches_[flag],
                help);
}

std::optional<given> command_line::find(const std::string& flag) const {
  if (const auto& values = values_.at(flag); !values.empty()) {
    std::string joined;
    for (const auto& v : values)
      joined += (joined.empty() ? "" : ",") + v;
    return given{"--" + flag, joined};
  }
  auto variable = environment_name(flag);
  const char* value = std::getenv(variable.c_str());
  if (!value && flag == "betanet.url")
    value = std::getenv((variable = "BETANET_URL").c_str());
  return value ? std::optional{given{variable, value}} : std::nullopt;
}

bool command_line::is_set(const std::string& flag) const {
  if (switches_.at(flag))
    return true;
  const char* value = std::getenv(environment_name(flag).c_str());
  return value && (value == std::string{"1"} || value == std::string{"true"});
}

template <class T>
void apply(const command_line& line, const std::vector<key<T>>& keys, T& to,
           std::vector<std::string>& problems) {
  for (const auto& k : keys) {
    const auto name = flag_of(k.name);
    const auto g = name.empty() ? std::nullopt : line.find(name);
    if (!g)
      continue;
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

std::string content_of(const given& file) {
  try {
    return read_file(file.value, largest_file);
  } catch (const std::runtime_error& e) {
    throw invalid({file.place + ": " + e.what()});
  }
}

void use_url(settings& s, const given& url,
             std::vector<std::string>& problems) {
  if (s.targets.size() > 1) {
    problems.push_back(url.place + ": the file has " +
                       std::to_string(s.targets.size()) +
                       " targets, one URL cannot replace them");
    return;
  }
  try {
    s.targets = {unnamed_target(s.polling, url.value)};
  } catch (const std::invalid_argument& e) {
    problems.push_back(url.place + ": " + e.what());
  }
}

} // namespace

invocation load(int argc, const char* const* argv,
                const std::vector<std::string>& reserved_paths) {
  const command_line line{argc, argv};
  invocation result;
  if (line.is_set("help") || line.is_set("version")) {
    result.action = line.is_set("help") ? action::help : action::version;
    result.text = line.help();
    return result;
  }
  if (line.is_set("config.check"))
    result.action = action::check;
  else if (line.is_set("healthcheck"))
    result.action = action::healthcheck;
  result.systemd_socket = line.is_set("web.systemd-socket");
  std::vector<std::string> problems;
  const auto overlay = [&](settings& s) {
    apply(line, process_keys(), s, problems);
    apply(line, polling_keys(), s.polling, problems);
    if (line.is_set("web.disable-exporter-metrics"))
      s.web.disable_exporter_metrics = true;
  };
  if (const auto every = line.find("config.auto-reload-interval"))
    try {
      result.auto_reload = parse_duration(every->value);
    } catch (const std::invalid_argument& e) {
      problems.push_back(every->place + ": " + e.what());
    }
  const auto file = line.find("config.file");
  try {
    if (file && !file->value.empty()) {
      result.file = file->value;
      result.content = content_of(*file);
    }
    result.settings =
        parse_yaml(result.content, result.file, overlay, reserved_paths);
  } catch (const invalid& e) {
    problems.insert(problems.begin(), e.problems.begin(), e.problems.end());
  }
  if (const auto url = line.find("betanet.url"))
    use_url(result.settings, *url, problems);
  if (problems.empty() && result.settings.web.listen_addresses.empty())
    problems.push_back("web.listen_addresses: at least one is needed");
  if (!problems.empty())
    throw invalid(std::move(problems));
  return result;
}

std::vector<documented> documented_flags() {
  std::vector<documented> all;
  for (const auto& f : flags())
    all.push_back({f.name, f.fallback, f.help});
  return all;
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
  return all;
}

} // namespace betanet::config
