#include "config/parse_impl.hpp"
#include "config/quote_impl.hpp"
#include "config/target_reader_impl.hpp"

#include <algorithm>
#include <set>

namespace betanet::config {

namespace {

class reader : target_reader {
public:
  using target_reader::target_reader;

  parsed read(const YAML::Node& root, const overlay& flags,
              const std::vector<std::string>& reserved_paths) {
    settings s;
    s.web.reserved_paths = reserved_paths;
    YAML::Node target_list;
    bool has_targets = false;
    each_entry(root, "", top_level_names(),
               [&](const YAML::Node& key, const YAML::Node& value) {
                 const auto& name = key.Scalar();
                 if (name == "target_files") {
                   read_target_files(s.target_files, value);
                 } else if (name == "http_sd") {
                   read_target_servers(s.target_servers, value);
                 } else if (name == "targets") {
                   target_list.reset(value);
                   has_targets = true;
                 } else if (is_section(polling_keys(), name)) {
                   section(polling_keys(), s.polling, name, value);
                 } else {
                   section(process_keys(), s, name, value);
                 }
               });
    s.origins = origins();
    s.web.config_file = beside(s.web.config_file);
    if (flags)
      flags(s);
    if (has_targets)
      read_targets(s, target_list);
    else if (!s.discovers())
      s.targets.push_back(unnamed_target(s.polling, default_url));
    return {std::move(s), problems()};
  }

private:
  template <class T>
  static bool is_section(const std::vector<key<T>>& keys,
                         const std::string& name) {
    return std::any_of(keys.begin(), keys.end(), [&](const auto& k) {
      return k.name.starts_with(name + ".");
    });
  }

  static std::vector<std::string> top_level_names() {
    std::vector<std::string> names;
    add_sections(names, polling_keys());
    add_sections(names, process_keys());
    for (const auto* name : {"targets", "target_files", "http_sd"})
      names.emplace_back(name);
    return names;
  }

  void read_targets(settings& s, const YAML::Node& list) {
    if (!list.IsSequence())
      return problem(list, std::string{"targets: expected a list, found "} +
                               kind_of(list));
    std::set<std::string> names;
    for (const auto& node : list) {
      if (has_too_many_problems())
        break; // the rest would only take time and memory
      auto t = read_target(s.polling, node);
      const bool alone = list.size() == 1 && !s.discovers();
      if (t.name.empty() && !alone && node.IsMap() && !node["name"])
        problem(node, "target.name: missing, each of several targets needs a "
                      "name");
      if (!t.name.empty() && !names.insert(t.name).second)
        problem(node, "target.name: " + quote(t.name) +
                          " is used twice, a unique name is expected");
      s.targets.push_back(std::move(t));
    }
  }
};

} // namespace

target unnamed_target(const polling& p, const std::string& url) {
  target t;
  t.url = parse_url(url);
  t.polling = p;
  return t;
}

parsed read_yaml(const std::string& yaml, const std::string& file,
                 const overlay& flags,
                 const std::vector<std::string>& reserved_paths) {
  const auto root = load_yaml(yaml, file);
  // All keys may be commented out, but `---` or `null` alone is a mistake.
  if (root.IsNull() && !yaml.empty() && yaml.find('#') == yaml.npos)
    throw invalid({file + ":1:1: the file has no key, a mapping is expected"});
  return reader{file}.read(root, flags, reserved_paths);
}

settings parse_yaml(const std::string& yaml, const std::string& file,
                    const overlay& flags,
                    const std::vector<std::string>& reserved_paths) {
  auto result = read_yaml(yaml, file, flags, reserved_paths);
  if (!result.problems.empty())
    throw invalid(std::move(result.problems));
  return std::move(result.settings);
}

} // namespace betanet::config
