#include "config/yaml_reader_impl.hpp"

#include <algorithm>
#include <set>

namespace betanet::config {

namespace {

/// Whether `s` is 1 to 200 characters of UTF-8 without control characters.
bool valid_target_name(const std::string& s) {
  std::size_t characters = 0;
  for (std::size_t i = 0; i < s.size(); ++characters) {
    const auto c = static_cast<unsigned char>(s[i]);
    const std::size_t length = c < 0x80   ? 1
                               : c < 0xc2 ? 0
                               : c < 0xe0 ? 2
                               : c < 0xf0 ? 3
                               : c < 0xf5 ? 4
                                          : 0;
    if (length == 0 || i + length > s.size() || c < 0x20 || c == 0x7f)
      return false;
    unsigned code = length == 1 ? c : c & (0x7fu >> length);
    for (std::size_t j = 1; j < length; ++j) {
      const auto next = static_cast<unsigned char>(s[i + j]);
      if ((next & 0xc0) != 0x80)
        return false;
      code = code << 6 | (next & 0x3fu);
    }
    const bool overlong =
        (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
    const bool surrogate = code >= 0xd800 && code < 0xe000;
    const bool c1_control = code >= 0x80 && code < 0xa0;
    if (overlong || surrogate || c1_control || code > 0x10ffff)
      return false;
    i += length;
  }
  return characters >= 1 && characters <= 200;
}

class reader : yaml_reader {
public:
  explicit reader(const std::string& file) : yaml_reader(file, expand) {}

  settings read(const YAML::Node& root, const overlay& flags,
                const std::vector<std::string>& reserved_paths) {
    settings s;
    s.web.reserved_paths = reserved_paths;
    YAML::Node target_list;
    bool has_targets = false;
    each_entry(root, "", top_level_names(),
               [&](const YAML::Node& key, const YAML::Node& value) {
                 const auto& name = key.Scalar();
                 if (name == "targets") {
                   target_list.reset(value);
                   has_targets = true;
                 } else if (is_section(polling_keys(), name)) {
                   section(polling_keys(), s.polling, name, value);
                 } else {
                   section(process_keys(), s, name, value);
                 }
               });
    s.web.config_file = beside(s.web.config_file);
    if (flags)
      flags(s);
    if (has_targets)
      targets(s, target_list);
    else
      s.targets.push_back(unnamed_target(s.polling, default_url));
    finish();
    return s;
  }

private:
  template <class T>
  static bool is_section(const std::vector<key<T>>& keys,
                         const std::string& name) {
    return std::any_of(keys.begin(), keys.end(), [&](const auto& k) {
      return k.name.starts_with(name + ".");
    });
  }

  template <class T>
  static void add_sections(std::vector<std::string>& names,
                           const std::vector<key<T>>& keys) {
    for (const auto& k : keys)
      if (const auto s = k.name.substr(0, k.name.find('.'));
          std::find(names.begin(), names.end(), s) == names.end())
        names.push_back(s);
  }

  static std::vector<std::string> top_level_names() {
    std::vector<std::string> names;
    add_sections(names, polling_keys());
    add_sections(names, process_keys());
    names.push_back("targets");
    return names;
  }

  void targets(settings& s, const YAML::Node& list) {
    if (!list.IsSequence())
      return problem(list, std::string{"targets: expected a list, found "} +
                               kind_of(list));
    std::set<std::string> names;
    for (const auto& node : list) {
      auto t = one_target(s.polling, node);
      if (t.name.empty() && list.size() > 1 && node.IsMap() && !node["name"])
        problem(node, "target.name: needed when there is more than one target");
      if (!t.name.empty() && !names.insert(t.name).second)
        problem(node, "target.name: \"" + t.name + "\" is used twice");
      s.targets.push_back(std::move(t));
    }
  }

  target one_target(const polling& inherited, const YAML::Node& node) {
    target t;
    t.polling = inherited;
    std::vector<std::string> known;
    for (const auto& k : target_keys())
      known.push_back(k.name.substr(0, k.name.find('.')));
    add_sections(known, polling_keys());
    bool has_url = false;
    each_entry(
        node, "target.", known,
        [&](const YAML::Node& key, const YAML::Node& value) {
          const auto& name = key.Scalar();
          if (name == "name") {
            with_scalar(value, "target.name", [&](const std::string& text) {
              if (!valid_target_name(text))
                throw std::invalid_argument(
                    "a name has 1 to 200 characters of UTF-8 and no control "
                    "characters");
              t.name = text;
            });
          } else if (name == "url") {
            has_url = true;
            with_scalar(value, "target.url", [&](const std::string& text) {
              t.url = parse_url(text);
            });
          } else if (name == "endpoints") {
            endpoints(t, value);
          } else if (name == "http_client_config") {
            http_client_config(t.http_client, value);
          } else {
            section(polling_keys(), t.polling, name, value);
          }
        });
    if (node.IsMap() && !has_url)
      problem(node, "target.url: missing");
    if (node.IsNull())
      problem(node, "targets: expected a mapping, found nothing");
    return t;
  }

  void endpoints(target& t, const YAML::Node& node) {
    std::vector<std::string> known(endpoint_count);
    for (const auto& row : endpoint_table)
      known[index(row.id)] = row.name;
    each_entry(node, "target.endpoints.", known,
               [&](const YAML::Node& key, const YAML::Node& value) {
                 const auto& name = key.Scalar();
                 const auto i = static_cast<std::size_t>(
                     std::find(known.begin(), known.end(), name) -
                     known.begin());
                 with_scalar(value, "target.endpoints." + name,
                             [&](const std::string& text) {
                               t.paths[i] = parse_path(text);
                             });
               });
  }

  void http_client_config(http_client& c, const YAML::Node& node) {
    const std::string prefix = "target.http_client_config";
    each_entry(node, prefix + ".",
               {"basic_auth", "authorization", "tls_config", "http_headers"},
               [&](const YAML::Node& key, const YAML::Node& value) {
                 const auto& name = key.Scalar();
                 if (value.IsNull())
                   return; // all keys of the block are commented out
                 if (name == "http_headers")
                   return http_headers(c, value);
                 if (name == "basic_auth")
                   c.basic_auth.emplace();
                 if (name == "authorization")
                   c.authorization.emplace();
                 section(http_client_keys(), c, name, value);
               });
    for (const auto& why : contradictions(c))
      problem(node, prefix + ": " + why);
    for (auto* s : c.secrets())
      s->file = beside(s->file);
  }

  void http_headers(http_client& c, const YAML::Node& node) {
    const std::string prefix = "target.http_client_config.http_headers";
    if (!node.IsMap())
      return problem(node,
                     prefix + ": expected a mapping, found " + kind_of(node));
    for (const auto& entry : node) {
      http_header h;
      const auto name =
          entry.first.IsScalar() ? entry.first.Scalar() : std::string{};
      try {
        h.name = parse_token(name);
      } catch (const std::invalid_argument& e) {
        problem(entry.first, prefix + ": " + e.what());
        continue;
      }
      if (is_reserved_header(name))
        problem(entry.first,
                prefix + ": setting header \"" + name + "\" is not allowed");
      if (std::any_of(
              c.http_headers.begin(), c.http_headers.end(),
              [&](const auto& other) { return iequals(other.name, name); }))
        problem(entry.first, prefix + "." + name + ": duplicate key");
      each_entry(entry.second, prefix + "." + name + ".",
                 {"values", "secrets", "files"},
                 [&](const YAML::Node& kind, const YAML::Node& list) {
                   header_values(h, prefix + "." + name + "." + kind.Scalar(),
                                 list);
                 });
      c.http_headers.push_back(std::move(h));
    }
  }

  void header_values(http_header& h, const std::string& what,
                     const YAML::Node& list) {
    if (!list.IsSequence())
      return problem(list, what + ": expected a list, found " + kind_of(list));
    for (const auto& item : list)
      with_scalar(item, what, [&](const std::string& text) {
        if (what.ends_with(".values"))
          h.values.push_back(text);
        else if (what.ends_with(".secrets"))
          h.secrets.push_back({text, {}});
        else
          h.secrets.push_back({{}, text});
      });
  }
};

} // namespace

const std::vector<documented>& target_keys() {
  static const auto all = [] {
    std::vector<documented> keys{
        {"name", "",
         "Unique name of the target; may be omitted if there is only one "
         "target."},
        {"url", "",
         "URL of the service: http or https, with an optional path prefix."}};
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

target unnamed_target(const polling& p, const std::string& url) {
  target t;
  t.url = parse_url(url);
  t.polling = p;
  return t;
}

settings parse_yaml(const std::string& yaml, const std::string& file,
                    const overlay& flags,
                    const std::vector<std::string>& reserved_paths) {
  return reader{file}.read(load_yaml(yaml, file), flags, reserved_paths);
}

} // namespace betanet::config
